import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decodeRequest } from '../../src/wire/decode.js';
import { decodeReply } from '../../src/wire/reply.js';

const text = readFileSync(new URL('../../src/wire/PROTOCOL.md', import.meta.url), 'utf8');
const examples = [...text.matchAll(/^`(\{"op".*\})`\n\n((?: {4}[0-9a-f]+\n)+)/gm)].map(([, json = '', hex = '']) => ({ json, hex }));

test.each(examples)('the bytes in the protocol document say $json', ({ json, hex }) => {
  const frame = Buffer.from(hex.replace(/\s/g, ''), 'hex');
  expect(frame.readUInt32BE(0)).toBe(frame.length - 4);
  const said = JSON.parse(json.replace('abab…', 'ab'.repeat(32))) as { op: string };
  if (said.op === 'ack' || said.op === 'error') expect(decodeReply(frame.subarray(4))).toEqual(said);
  else expect(decodeRequest(frame.subarray(4), { events: 1, eventBytes: 100 })).toMatchObject({ ok: true, request: said });
});

test('every example is looked at', () => {
  expect(examples).toHaveLength(4);
});
