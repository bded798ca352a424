// A seeded sample of what `scripts/fuzz` does at length, and that the fuzzers notice what they are there for.
import { describe, expect, it } from 'vitest';
import { decodeRequest } from '../../src/wire/decode.js';
import { verify } from '../../src/verify/verify.js';
import { fuzzDecoder } from './decoder.js';
import { fuzzFiles } from './files.js';
import { recipes } from './generate.js';
import { judge } from './grammar.js';
import { fuzzDaemon } from './live-daemon.js';
import { Outcome } from './outcome.js';

const seed = 5;

describe('the decoder', () => {
  it('agrees with PROTOCOL.md about 8,000 requests, most of them spoiled, and what they mean', () => {
    const outcome = new Outcome(seed);
    fuzzDecoder({ cases: 8000 }, outcome);
    expect(outcome.mismatches).toEqual([]);
    // Cases of every kind were among them.
    for (const what of ['accepted append', 'accepted recent', 'accepted tail', 'bad_frame', 'bad_request', 'invalid_event', 'too_many_events', 'unknown_op']) {
      expect([what, outcome.countOf(`decoder: ${what}`) > 10]).toEqual([what, true]);
    }
  });
});

describe('the daemon', () => {
  it.each(['off', 'on'] as const)('answers spoiled requests and records what it acknowledged as it was sent, masking %s', async (redact) => {
    const outcome = new Outcome(seed);
    await fuzzDaemon({ cases: redact === 'off' ? 1500 : 300, redact }, outcome);
    expect(outcome.mismatches).toEqual([]);
    const target = redact === 'on' ? 'daemon, masking' : 'daemon';
    expect(outcome.countOf(`${target}: events acknowledged`)).toBeGreaterThan(50);
  });
});

describe('what reads logs', () => {
  it('calls no spoiled log intact, throws at none, and a start leaves alone what it refuses', () => {
    const outcome = new Outcome(seed);
    fuzzFiles({ cases: 300 }, outcome);
    expect(outcome.mismatches).toEqual([]);
    expect(outcome.countOf('files: start went on')).toBeGreaterThan(2);
    expect(outcome.countOf('files: verify with the key: exit 1')).toBeGreaterThan(100);
  });
});

describe('the fuzzers notice', () => {
  it('every shape of the catalogue, generic besides, is among what is sent', () => {
    const profiles = recipes.map(({ profile }) => profile);
    const shapes = [...new Set(profiles)].map((name) => [name, profiles.filter((one) => one === name).length]);
    expect(shapes).toEqual([
      ['generic', 1], ['mvm.local', 16], ['mvm.tenant', 28], ['codetether', 9], ['x0x.exec', 5], ['tryaudex', 6],
    ]);
  });

  it('a decoder that accepts what it should refuse', () => {
    const outcome = new Outcome(seed);
    fuzzDecoder({ cases: 200, decode: () => ({ ok: true, request: { op: 'status', id: 0 } }) }, outcome);
    expect(outcome.mismatches.map(({ what }) => what.split(':')[0])).toContain('accepted what must be refused');
  });

  it('a decoder that refuses everything, or throws', () => {
    const refusing = new Outcome(seed);
    fuzzDecoder({ cases: 200, decode: () => ({ ok: false, error: { id: null, op: undefined, code: 'internal', message: '' } }) }, refusing);
    expect(refusing.mismatches.map(({ what }) => what.split(':')[0])).toContain('refused what must be accepted');
    const throwing = new Outcome(seed);
    fuzzDecoder({ cases: 20, decode: () => { throw new RangeError('too deep'); } }, throwing);
    expect(throwing.mismatched).toBe(20);
  });

  it('a decoder that changes one letter of a value, and makes the case small', () => {
    const outcome = new Outcome(seed);
    fuzzDecoder({
      cases: 300,
      decode: (payload, limits) => {
        const spoiled = Buffer.from(payload);
        const at = payload.indexOf('action');
        const letter = payload[at + 7] ?? 0;
        if (at > 0 && letter > 0x60 && letter < 0x7a) spoiled[at + 7] = letter + 1;
        return decodeRequest(spoiled, limits);
      },
    }, outcome);
    const found = outcome.mismatches.filter(({ what }) => what.startsWith('another event'));
    expect(found.length).toBeGreaterThan(0);
    expect(Math.min(...found.map(({ input }) => input.length / 2))).toBeLessThan(200);
  });

  it('a judge that knows no timestamps', () => {
    const outcome = new Outcome(seed);
    fuzzDecoder({ cases: 3000, judge: (payload, limits) => {
      const judgement = judge(payload, limits);
      return payload.includes(Buffer.from('d6ff', 'hex')) ? { ...judgement, must: [{ code: 'bad_frame' }] } : judgement;
    } }, outcome);
    expect(outcome.mismatched).toBeGreaterThan(0);
  });

  it('a verifier that calls everything intact', () => {
    const outcome = new Outcome(seed);
    fuzzFiles({ cases: 30, verify: (options) => ({ ...verify(options), exit: 0 }) }, outcome);
    expect(outcome.mismatches.some(({ what }) => what.includes('called intact'))).toBe(true);
  });
});
