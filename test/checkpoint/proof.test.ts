// Audit paths against known answers and against the definition written down as it stands, and their text.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { leafHash, nodeHash } from '../../src/checkpoint/merkle.js';
import { rootFromPath, siblingRanges } from '../../src/checkpoint/proof.js';
import type { LeafRange } from '../../src/checkpoint/proof.js';
import { decodeHashes, formatTlogProof, parseTlogProof } from '../../src/checkpoint/tlog-proof.js';

interface Known {
  readonly trees: readonly { readonly size: number; readonly root: string }[];
  readonly inclusion: readonly { readonly index: number; readonly size: number; readonly hashes: readonly string[] }[];
}

const known = JSON.parse(readFileSync(new URL('../vectors/merkle.json', import.meta.url), 'utf8')) as Known;
const sizeMax = 131;
const leaves = Array.from({ length: sizeMax }, (_, i) => leafHash(Buffer.from(`line ${i}`)));

function leafOf(index: number): Buffer {
  return leaves[index] ?? Buffer.alloc(0);
}

const roots = new Map<string, Buffer>();

/** MTH of RFC 6962. */
function root(from: number, to: number): Buffer {
  if (to - from === 1) return leafOf(from);
  const middle = from + split(to - from);
  const found = roots.get(`${from} ${to}`) ?? nodeHash(root(from, middle), root(middle, to));
  roots.set(`${from} ${to}`, found);
  return found;
}

/** PATH of RFC 6962. */
function pathOf(index: number, from: number, to: number): Buffer[] {
  if (to - from === 1) return [];
  const middle = from + split(to - from);
  return index < middle ? [...pathOf(index, from, middle), root(middle, to)] : [...pathOf(index, middle, to), root(from, middle)];
}

function split(size: number): number {
  return 2 ** (Math.ceil(Math.log2(size)) - 1);
}

function hashOf({ begin, end }: LeafRange): Buffer {
  return root(begin, end);
}

describe('a path', () => {
  it.each(known.inclusion)('of leaf $index in a tree of $size is the known one', ({ index, size, hashes }) => {
    expect(siblingRanges(index, size).map((range) => hashOf(range).toString('base64'))).toEqual(hashes);
    const tree = known.trees.find((one) => one.size === size);
    expect(rootFromPath(leafOf(index), index, size, decodeHashes(hashes) ?? [])?.toString('base64')).toBe(tree?.root);
  });

  it('of every leaf of every tree is what the definition says, and leads to the root', () => {
    for (let size = 1; size <= sizeMax; size += 1) {
      const expected = root(0, size);
      for (let index = 0; index < size; index += 1) {
        const path = siblingRanges(index, size).map(hashOf);
        expect(Buffer.concat(path).equals(Buffer.concat(pathOf(index, 0, size)))).toBe(true);
        expect(rootFromPath(leafOf(index), index, size, path)?.equals(expected)).toBe(true);
      }
    }
  });

  it('with anything changed leads to another root, or nowhere', () => {
    for (const size of [1, 2, 3, 7, 8, 21, 64, 100]) {
      const expected = root(0, size);
      for (let index = 0; index < size; index += 1) {
        const path = pathOf(index, 0, size);
        const leads = (leaf: Buffer, at: number, of: number, hashes: readonly Buffer[]): boolean =>
          rootFromPath(leaf, at, of, hashes)?.equals(expected) === true;
        const flipped = path.map((_, changed) => path.map((hash, i) => (i === changed ? createHash('sha256').update(hash).digest() : hash)));
        expect(flipped.filter((hashes) => leads(leafOf(index), index, size, hashes))).toEqual([]);
        expect(leads(leafOf(index + 1), index, size, path)).toBe(false);
        expect(leads(leafOf(index), index, size, [...path, leafOf(0)])).toBe(false);
        if (path.length > 0) expect(leads(leafOf(index), index, size, path.slice(0, -1))).toBe(false);
        for (let other = 0; other < size; other += 1) expect(leads(leafOf(index), other, size, path)).toBe(other === index);
      }
    }
  });

  it('in a tree of another size may lead to the same root only where the path looks the same', () => {
    for (let size = 1; size <= 40; size += 1) {
      for (let other = 1; other <= 40; other += 1) {
        for (let index = 0; index < Math.min(size, other); index += 1) {
          const sidesOf = (of: number): string => siblingRanges(index, of).map(({ begin }) => (begin > index ? 'r' : 'l')).join('');
          const leads = rootFromPath(leafOf(index), index, other, pathOf(index, 0, size))?.equals(root(0, size)) === true;
          expect(leads).toBe(sidesOf(size) === sidesOf(other));
        }
      }
    }
  });

  it('of numbers that no tree has leads nowhere', () => {
    for (const [index, size] of [[0, 0], [1, 1], [-1, 1], [0.5, 2], [0, Number.NaN], [0, 2 ** 53]] as const) {
      expect(rootFromPath(leafOf(0), index, size, [])).toBeUndefined();
    }
    expect(rootFromPath(leafOf(0), 0, 2, [leafOf(1).subarray(1)])).toBeUndefined();
  });

  it('is as long as it must be in the largest trees there are', () => {
    const size = Number.MAX_SAFE_INTEGER;
    for (const index of [0, 1, 2 ** 52 - 1, 2 ** 52, size - 1]) {
      const ranges = siblingRanges(index, size);
      expect(ranges.reduce((sum, { begin, end }) => sum + BigInt(end - begin), 1n)).toBe(BigInt(size));
      const path = ranges.map((_, i) => leafOf(i));
      expect(rootFromPath(leafOf(100), index, size, path)).toBeDefined();
      expect(rootFromPath(leafOf(100), index, size, path.slice(1))).toBeUndefined();
    }
  });
});

describe('a tlog-proof', () => {
  const note = 'example.org/audit\n23\nd3HO6fpv8VJBQbdMO+Z0VsVoS4m1e5QcthaXFkC0Rm8=\n\n— example.org/audit AAAA\n';
  const hashes = [leafOf(1), leafOf(2)];
  const text = `c2sp.org/tlog-proof@v1\nindex 7\n${leafOf(1).toString('base64')}\n${leafOf(2).toString('base64')}\n\n${note}`;

  it('is written as C2SP says and read back', () => {
    expect(formatTlogProof({ index: 7, hashes, note })).toBe(text);
    expect(parseTlogProof(text)).toEqual({ index: 7, hashes, note });
    const lone = { index: 0, hashes: [], note };
    expect(formatTlogProof(lone)).toBe(`c2sp.org/tlog-proof@v1\nindex 0\n\n${note}`);
    expect(parseTlogProof(formatTlogProof(lone))).toEqual(lone);
  });

  it('may carry something extra', () => {
    const extra = Buffer.from('from elsewhere');
    const proof = { extra, index: 7, hashes, note };
    expect(formatTlogProof(proof)).toBe(text.replace('index', `extra ${extra.toString('base64')}\nindex`));
    expect(parseTlogProof(formatTlogProof(proof))).toEqual(proof);
  });

  it.each([
    ['another version', text.replace('@v1', '@v2')],
    ['no title', text.slice(text.indexOf('\n') + 1)],
    ['an index with a zero in front', text.replace('index 7', 'index 07')],
    ['an index below 0', text.replace('index 7', 'index -7')],
    ['an index beyond all', text.replace('index 7', 'index 9007199254740992')],
    ['no index', text.replace('index 7\n', '')],
    ['two indexes', text.replace('index 7', 'index 7\nindex 7')],
    ['CR at the line ends', text.replaceAll('\n', '\r\n')],
    ['a hash that is too short', text.replace(leafOf(1).toString('base64'), leafOf(1).subarray(1).toString('base64'))],
    ['a hash in base64 without padding', text.replace('=\n', '\n')],
    ['a space behind a hash', text.replace('=\n', '= \n')],
    ['more hashes than any path has', text.replace('\n\n', `\n${`${leafOf(3).toString('base64')}\n`.repeat(60)}\n`)],
    ['an extra line without anything', text.replace('index', 'extra \nindex')],
    ['an extra line that is no base64', text.replace('index', 'extra !\nindex')],
    ['the extra line behind the index', text.replace('index 7', 'index 7\nextra AAAA')],
    ['no note', text.slice(0, text.indexOf('\n\n') + 2)],
    ['no empty line', text.slice(0, text.indexOf('\n\n') + 1)],
    ['nothing', ''],
  ])('with %s is none', (_, changed) => {
    expect(changed).not.toBe(text);
    expect(parseTlogProof(changed)).toBeUndefined();
  });

  it('that is accepted prints again as the same text, whatever byte was changed', () => {
    let accepted = 0;
    for (let at = 0; at < text.length; at += 1) {
      for (const character of ['\n', ' ', '0', 'A', '=']) {
        const changed = text.slice(0, at) + character + text.slice(at + 1);
        const proof = parseTlogProof(changed);
        if (proof === undefined) continue;
        accepted += 1;
        expect(formatTlogProof(proof)).toBe(changed);
      }
    }
    expect(accepted).toBeGreaterThan(100);
  });
});
