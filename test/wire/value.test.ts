// Values as the wire has them: exactly, or refused with their place.
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import { Encoder } from '../../src/wire/encode.js';
import { WireError } from '../../src/wire/error.js';
import { unpackValue } from '../../src/wire/unpack.js';
import { type ValueLimits, fieldsOf, writeValue } from '../../src/wire/value.js';

function encoded(value: unknown, limits?: ValueLimits): unknown {
  const encoder = new Encoder();
  writeValue(encoder, value, limits);
  const bytes = encoder.take();
  return unpackValue(bytes, 0, bytes.length);
}

function refusal(
  value: unknown, limits?: ValueLimits,
): { readonly code: string; readonly path: string | undefined; readonly message: string } {
  try {
    encoded(value, limits);
  } catch (error) {
    if (error instanceof WireError) return { code: error.code, path: error.path, message: error.message };
    throw error;
  }
  return { code: 'written', path: undefined, message: '' };
}

class Point {
  readonly x = 1;
  readonly #secret = 2;
  get sum(): number { return this.x + this.#secret; }
}

class Hidden {
  readonly #secret = 1;
  get secret(): number { return this.#secret; }
}

class Spoken extends Error {
  toJSON(): unknown { return { name: this.name, at: new Date(0) }; }
}

describe('a map is written of', () => {
  test.each<[string, unknown, unknown]>([
    ['a plain object', { a: 1, b: undefined }, { a: 1 }],
    ['one without a prototype', Object.assign(Object.create(null) as object, { a: 1 }), { a: 1 }],
    ['one of another realm, empty or not', runInNewContext('({ none: {}, a: { b: 1 } })'), { none: {}, a: { b: 1 } }],
    ['a Map', new Map<string, unknown>([['a', 1], ['b', undefined]]), { a: 1 }],
    ['an instance with fields of its own', new Point(), { x: 1 }],
    ['what its toJSON gives, again and again', new Spoken('m'), { name: 'Error', at: '1970-01-01T00:00:00.000Z' }],
  ])('%s', (_, value, written) => {
    expect(encoded(value)).toEqual(written);
  });
});

describe('no form has', () => {
  const controller = new AbortController();
  function* generate(): Generator<number> { yield 1; }
  test.each<[string, unknown]>([
    ['Promise', Promise.resolve(1)], ['RegExp', /a/], ['Headers', new Headers({ a: 'b' })], ['URLSearchParams', new URLSearchParams('a=b')],
    ['Blob', new Blob(['x'])], ['WeakMap', new WeakMap()], ['Generator', generate()], ['AbortSignal', controller.signal],
    ['SharedArrayBuffer', new SharedArrayBuffer(4)], ['ArrayBuffer', new ArrayBuffer(4)], ['Uint8Array', Buffer.from('x')],
    ['Number', Object(5)], ['String', Object('xy')], ['BigInt', Object(5n)], ['Boolean', Object(true)], ['Set', new Set([1])], ['Error', new Error('m')],
    ['RegExp', Object.assign(/a/, { field: 1 })], ['Hidden', new Hidden()], ['Response', new Response('x')],
  ])('a %s', (name, value) => {
    const { code, path, message } = refusal({ a: [value] });
    expect([code, path]).toEqual(['unencodable', '/a/0']);
    expect(message).toContain(`a ${name} has no form`);
  });
});

describe('other people\'s code', () => {
  test('is asked once for each field, whatever it says the next time', () => {
    let times = 0;
    const object = { a: 1, get b() { return times++ === 0 ? undefined : 'now'; }, get c() { return times++ === 1 ? 'now' : undefined; } };
    expect(encoded([object, 'after'])).toEqual([{ a: 1, c: 'now' }, 'after']);
  });

  test('may change what is being written without a gap in it', () => {
    const list: unknown[] = [{ toJSON: () => { list.push(3); map.set('c', 3); return 1; } }, 2];
    const map = new Map<string, unknown>([['a', list], ['b', 2]]);
    expect(encoded(map)).toEqual({ a: [1, 2], b: 2 });
    const shrinking: unknown[] = [{ toJSON: () => { shrinking.pop(); return 1; } }, 2];
    expect(refusal(shrinking)).toMatchObject({ code: 'unencodable', path: '/1' });
  });

  test('that throws is refused with its place', () => {
    const cause = new Error('mine');
    expect(refusal({ a: [{ get 'b/c'() { throw cause; } }] })).toEqual({ code: 'unencodable', path: '/a/0/b~1c', message: 'mine' });
    expect(refusal({ a: { toJSON() { throw cause; } } })).toMatchObject({ path: '/a', message: 'mine' });
    expect(refusal({ a: new Proxy({}, { ownKeys() { throw cause; } }) })).toMatchObject({ path: '/a', message: 'mine' });
  });

  test('that goes round in circles ends', () => {
    const self = { toJSON: (): unknown => self };
    expect(refusal({ self })).toMatchObject({ code: 'unencodable', path: '/self' });
  });

  test('gives its fields to who asks for them, and nothing else has fields', () => {
    expect(fieldsOf({ a: 1, b: undefined })).toEqual({ names: ['a'], values: [1] });
    expect(fieldsOf(new Spoken('m')).names).toEqual(['name', 'at']);
    for (const value of [[1], new Date(0), Promise.resolve()]) expect(() => fieldsOf(value)).toThrow(WireError);
  });
});

describe('a limit', () => {
  test('of bytes is exact, and a long text is not written before it is refused', () => {
    expect(refusal({ a: 'xyz' }, { bytes: 7, values: 9 }).code).toBe('written');
    expect(refusal({ a: 'xyz' }, { bytes: 6, values: 9 }).code).toBe('too_large');
    const encoder = new Encoder();
    encoder.text('before');
    expect(() => { writeValue(encoder, ['x'.repeat(1000)], { bytes: 100, values: 9 }); }).toThrow(expect.objectContaining({ code: 'too_large' }));
    expect(encoder.length).toBeLessThan(10);
  });

  test('of values ends what is shared over many levels', () => {
    let shared: unknown = 'x';
    for (let level = 0; level < 30; level++) shared = { left: shared, right: shared };
    expect(refusal(shared, { bytes: 1e9, values: 10_000 })).toMatchObject({ code: 'unencodable', message: 'more than 10000 values' });
    expect(refusal([1, 2], { bytes: 9, values: 3 }).code).toBe('written');
    expect(refusal([1, 2], { bytes: 9, values: 2 }).code).toBe('unencodable');
  });
});
