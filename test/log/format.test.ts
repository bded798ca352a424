// What is written can be read back, in one spelling, and fits its sector at its longest.
import { generateSeed, signSeal, signerFrom } from '../../src/checkpoint/signer.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { macMatches, macOf, splitTail } from '../../src/chain/link.js';
import { formatKeyName, parseKeyName } from '../../src/keys/name.js';
import { decodeIdentity, decodeKeys, encodeIdentity } from '../../src/keys/store.js';
import { formatVerificationKey, parseVerificationKey } from '../../src/keys/verification.js';
import { decodeHead, encodeHead } from '../../src/log/head.js';
import type { OwnEvents, OwnKind } from '../../src/log/own.js';
import { ownBody, ownKind, parseGenesis, parseHeader, parseRecovered, parseSealEvent, parseSegmentRemoved } from '../../src/log/own.js';
import { formatPrev, parseFrame, prefixes } from '../../src/log/record.js';
import { parseSegmentName, segmentName } from '../../src/log/segment.js';
import { timestamp } from '../../src/clock/clock.js';
import { keyFileOf } from './run.js';

const runs = { seed: 1, numRuns: 300 };
const count = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const positive = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
const bytes32 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes));
const hex64 = bytes32.map((bytes) => bytes.toString('hex'));
const keyName = fc.record({ epoch: count, step: count });
const origin = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._/-]{0,149}$/);
const segment = fc.oneof(fc.constant(''), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(segmentName));
const sectorBytes = 512;
const longest = { epoch: Number.MAX_SAFE_INTEGER, step: Number.MAX_SAFE_INTEGER };

describe('the head', () => {
  const head = fc.record({ origin, seq: count, mac: hex64, segment, bytes: count, root: bytes32, key: keyName });

  test('is read back as it was written, its MAC among it', () => {
    fc.assert(fc.property(head, bytes32, (value, key) => {
      const slot = encodeHead(value, key);
      const read = decodeHead(slot);
      expect(read).toMatchObject(value);
      expect(read?.headMac.toString('hex')).toBe(macOf(key, read?.covered ?? Buffer.alloc(0)));
      expect(slot).toHaveLength(4096);
    }), runs);
  });

  test('fits a sector at its longest', () => {
    const slot = encodeHead({
      origin: 'o'.repeat(150), seq: Number.MAX_SAFE_INTEGER, mac: 'f'.repeat(64), segment: segmentName(Number.MAX_SAFE_INTEGER),
      bytes: Number.MAX_SAFE_INTEGER, root: Buffer.alloc(32, 0xff), key: longest,
    }, Buffer.alloc(32));
    expect(slot.toString('latin1').trimEnd().length).toBeLessThan(sectorBytes);
    expect(decodeHead(slot)).toMatchObject({ key: longest });
  });

  test('has no other spelling: each byte of the slot that is another makes it none, or another head', () => {
    const value = { origin: 'a', seq: 10, mac: '0'.repeat(64), segment: segmentName(1), bytes: 10, root: Buffer.alloc(32), key: { epoch: 0, step: 10 } };
    const slot = encodeHead(value, Buffer.alloc(32));
    for (let at = 0; at < slot.length; at += 1) {
      const changed = Buffer.from(slot);
      changed[at] = (changed[at] ?? 0) ^ 1;
      const read = decodeHead(changed);
      if (read === undefined) continue;
      // Whatever can still be read is covered by the MAC, or is the MAC.
      expect(macMatches(Buffer.alloc(32), read.covered, read.headMac)).toBe(false);
    }
    expect(decodeHead(slot.subarray(0, 4095))).toBeUndefined();
    expect(decodeHead(Buffer.concat([slot, Buffer.from(' ')]))).toBeUndefined();
  });
});

describe('the key file', () => {
  const stored = fc.record({
    name: keyName, step: bytes32, nextEpoch: bytes32, signer: bytes32, nextSigner: fc.option(bytes32, { nil: null }),
    seq: count, root: bytes32,
  });

  test('is read back as it was written, always of the same length', () => {
    fc.assert(fc.property(stored, (keys) => {
      expect(decodeKeys(keyFileOf(keys))).toEqual({ state: 'ok', keys });
      expect(keyFileOf(keys)).toHaveLength(480);
    }), runs);
  });

  test('fits a sector at its longest', () => {
    const key = Buffer.alloc(32, 0xff);
    const bytes = keyFileOf({
      name: longest, step: key, nextEpoch: key, signer: key, nextSigner: key, seq: Number.MAX_SAFE_INTEGER, root: key,
    });
    expect(bytes.length).toBeLessThan(sectorBytes);
    expect(decodeKeys(bytes)).toMatchObject({ state: 'ok', keys: { name: longest } });
  });

  test('with any bit of its line flipped is damaged, or of a version that is not known', () => {
    const key = Buffer.alloc(32, 1);
    const name = { epoch: 1, step: 2 };
    const bytes = keyFileOf({ name, step: key, nextEpoch: key, signer: key, nextSigner: null, seq: 3, root: key });
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect([bit, decodeKeys(changed).state]).toEqual([bit, bit >> 3 === 5 && /\d/.test(String.fromCharCode(changed[5] ?? 0)) ? 'unknown_version' : 'damaged']);
    }
  });
});

describe('names', () => {
  test('of keys, segments, identities and verification keys are read back as they were written', () => {
    fc.assert(fc.property(keyName, positive, origin, bytes32, (name, seq, from, seed) => {
      expect(parseKeyName(formatKeyName(name))).toEqual(name);
      expect(parseSegmentName(segmentName(seq))).toBe(seq);
      expect(decodeIdentity(encodeIdentity({ origin: from, seed }))).toEqual({ origin: from, seed });
      const key = { origin: from, identityKeyId: seed.toString('hex').slice(0, 8), secret: seed };
      expect(parseVerificationKey(formatVerificationKey(key))).toEqual(key);
    }), runs);
  });

  test('an identity has its seed in one spelling', () => {
    const line = encodeIdentity({ origin: 'a', seed: Buffer.alloc(32, 0xff) }).toString();
    const seed = Buffer.alloc(32, 0xff).toString('base64');
    expect(decodeIdentity(Buffer.from(line))).toBeDefined();
    for (const other of [seed.replace('8=', '9='), seed.replaceAll('/', '_'), seed.slice(0, -1), seed.slice(4), `AAAA${seed}`]) {
      expect([other, decodeIdentity(Buffer.from(line.replace(seed, other)))]).toEqual([other, undefined]);
    }
  });

  test.each(['', '0', '00.0', '0.00', '01.1', '1.', '.1', '-1.0', '1.1+', '1.1.1', '9007199254740992.0', '0.9007199254740992', ' 0.0', '0.0\n'])(
    '%j is not the name of a key', (text) => { expect(parseKeyName(text)).toBeUndefined(); },
  );

  test.each(['00000000000000000000.jsonl', '1.jsonl', '00000000000000000001.json', '00000000000000000001.jsonl.tmp', '99999999999999999999.jsonl', 'audit.jsonl'])(
    '%j is not the name of a segment', (name) => { expect(parseSegmentName(name)).toBeUndefined(); },
  );
});

describe('a line', () => {
  const body = fc.string().map((text) => Buffer.from(`"profile":"generic","kind":"k","source":{},"event":{"action":${JSON.stringify(text)}}`));

  test('has a frame that is read back as it was written', () => {
    const parts = fc.record({ seq: positive, key: keyName, open: fc.boolean(), text: body, prev: hex64, step: bytes32 });
    fc.assert(fc.property(parts, ({ seq, key, open, text, prev, step }) => {
      const ts = timestamp(seq % 4_000_000_000_000);
      const covered = Buffer.concat([Buffer.from(prefixes(ts, key)(seq, open)), text, Buffer.from(formatPrev(prev))]);
      const mac = macOf(step, covered);
      const line = Buffer.concat([covered, Buffer.from(`,"mac":"${mac}"}`)]);
      expect(parseFrame(line)).toEqual({ seq, ts, tsMs: seq % 4_000_000_000_000, key, open, prev, mac, covered, body: text });
      expect(splitTail(line)).toEqual({ covered, mac });
    }), runs);
  });
});

describe('the log\'s own records', () => {
  const link = { seq: 3, mac: 'a'.repeat(64) };
  const signer = signerFrom('o', generateSeed());
  const first = signerFrom('o/epoch/0', generateSeed());
  const next = signerFrom('o/epoch/1', generateSeed());
  const root = Buffer.alloc(32, 5);
  const logPub = [signer.vkey, first.vkey] as const;
  const retain = { bytes: 1, ms: 2 };
  const notes = signSeal({ origin: 'o', epoch: 0, first: 1, size: 3, root, time: timestamp(0), identity: signer, signer: first, nextVkey: next.vkey });
  const events: OwnEvents = {
    genesis: { format: 1, origin: 'o', log_pub: logPub, retain, created: timestamp(0), previous: { origin: 'p', ...link } },
    segment: { format: 1, origin: 'o', genesis: link.mac, log_pub: logPub, retain, first: 4, tree_size: 3, frontier: [root.toString('base64'), root.toString('base64')], epoch_vkey: next.vkey },
    seal: { epoch: 0, size: 3, root: root.toString('base64'), ...notes },
    started: { version: '1', boot_id: 'b', sync: 'line', head_sync: 'second', seal_ms: 1, heartbeat_ms: 2, listeners: ['default'], clean: true, after: link },
    recovered: { head: link, adopted: 1, torn: [{ file: '4-1', bytes: 2, sha256: link.mac }] },
    stopped: { reason: 'SIGTERM' },
    gap: { reason: 'client_dropped', count: 1, of: { listener: 'default' } },
    segment_removed: { segment: segmentName(1), first: 1, last: 3, bytes: 9, sha256: link.mac, observed_ms: 4 },
    clock_stepped: { delta_ms: -5 }, disk_low: { free_bytes: 6 }, disk_full: { free_bytes: 0 },
    write_failed: { call: 'write', errno: 'EIO' }, tamper_detected: { finding: 'x' },
  };
  const bodyOf = (kind: OwnKind): Buffer => ownBody(kind, events[kind], 7);

  test.each(Object.keys(events) as OwnKind[])('%s is known by its kind and has its keys in the order of the format', (kind) => {
    const body = bodyOf(kind);
    expect(ownKind(body)).toBe(kind);
    expect(body.toString('utf8')).toBe(
      `"profile":"indelible","kind":"${kind}","source":{"listener":"self","pid":7},"event":${JSON.stringify(events[kind])}`,
    );
  });

  test('that have an effect are read back as they were written', () => {
    expect(parseGenesis(bodyOf('genesis'))).toEqual(events.genesis);
    expect(parseHeader(bodyOf('segment'))).toMatchObject(events.segment);
    expect(parseSealEvent(bodyOf('seal'))).toEqual(events.seal);
    expect(parseRecovered(bodyOf('recovered'))).toEqual(['4-1']);
    expect(parseSegmentRemoved(bodyOf('segment_removed'))).toEqual(events.segment_removed);
  });

  test('are read in no other spelling', () => {
    for (const [kind, parse] of [['genesis', parseGenesis], ['segment', parseHeader], ['seal', parseSealEvent], ['segment_removed', parseSegmentRemoved]] as const) {
      const text = bodyOf(kind).toString('utf8');
      const others = [
        text.replace('"event":{', '"event":{ '), text.replace('"event":{', '"event":{"more":1,'), text.replace(/,"[a-z_0-9]+":[^,]*\}$/, '}'),
        text.replace('"pid":7', '"pid":07'), text.replace('"pid":7', '"pid":7,"uid":0'), text.replace('indelible', 'generic'), `${text} `,
      ];
      for (const other of others) {
        expect([kind, other === text]).toEqual([kind, false]);
        expect([other, parse(Buffer.from(other))]).toEqual([other, undefined]);
      }
    }
  });
});
