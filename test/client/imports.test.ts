import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const source = new URL('../../src/', import.meta.url).pathname;

function importsOf(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/(?:from|import) '([^']+)'/g)].map(([, name = '']) => name);
}

function reach(file: string, seen: Set<string>, foreign: Set<string>): void {
  if (seen.has(file)) return;
  seen.add(file);
  for (const name of importsOf(join(source, file))) {
    if (name.startsWith('.')) reach(normalize(join(dirname(file), name.replace(/\.js$/, '.ts'))), seen, foreign);
    else foreign.add(name);
  }
}

test('the client reaches only events, the wire without strict decoding and its buffers, Node itself and msgpackr', () => {
  const seen = new Set<string>();
  const foreign = new Set<string>();
  for (const name of readdirSync(join(source, 'client'))) reach(join('client', name), seen, foreign);
  const rooms = new Set([...seen].map((file) => dirname(file)));
  expect([...rooms].sort()).toEqual(['client', 'event', 'memory', 'wire']);
  for (const file of ['strict', 'decode', 'entry', 'exact', 'salvage']) expect(seen.has(`wire/${file}.ts`)).toBe(false);
  expect([...foreign].filter((name) => !name.startsWith('node:'))).toEqual(['msgpackr']);
});

test('at run time the client knows nothing of the catalogue: of the events it has types, and how a place in one is spelled', () => {
  const seen = new Set<string>();
  const reachRunning = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(join(source, file), 'utf8').replaceAll(/^(?:import|export) type [^;]*;/gm, '');
    for (const [, name = ''] of text.matchAll(/(?:from|import) '(\.[^']+)'/g)) {
      reachRunning(normalize(join(dirname(file), name.replace(/\.js$/, '.ts'))));
    }
  };
  reachRunning('client/client.ts');
  expect(seen.has('wire/encode.ts')).toBe(true);
  expect([...seen].filter((file) => dirname(file) === 'event')).toEqual(['event/pointer.ts']);
});

test('msgpackr is imported in one file', () => {
  const users = readdirSync(join(source, 'wire')).filter((name) => name.endsWith('.ts') && importsOf(join(source, 'wire', name)).includes('msgpackr'));
  expect(users).toEqual(['unpack.ts']);
});
