// The queue of proofs: one at a time, bounded, and nothing for those who are gone or do not read.
import { describe, expect, test } from 'vitest';
import type { Proved } from '../../src/log/prover.js';
import type { ProofClient, ProvingParts } from '../../src/server/proving.js';
import { Proving, proofsWaitingMax } from '../../src/server/proving.js';

/** A prover that answers when it is told to. */
class Bench {
  readonly asked: number[] = [];
  readonly alarms: string[] = [];
  readonly #answers: ((proved: Proved) => void)[] = [];
  note: string | undefined = 'note';
  readonly proving: Proving;

  constructor(prove?: ProvingParts['prove']) {
    this.proving = new Proving({
      checkpoint: () => this.note, durable: () => 50, alarm: (message) => { this.alarms.push(message); },
      prove: prove ?? ((seq) => {
        this.asked.push(seq);
        return new Promise((resolve) => { this.#answers.push(resolve); });
      }),
    });
  }

  answer(proved: Proved): Promise<void> {
    this.#answers.shift()?.(proved);
    return new Promise(setImmediate);
  }
}

function client(hasRoom = true): ProofClient & { readonly leave: () => void } {
  const controller = new AbortController();
  return { gone: controller.signal, hasRoom: () => hasRoom, leave: () => { controller.abort(); } };
}

const hash = Buffer.alloc(32, 7);
const proved: Proved = { kind: 'proved', proof: { line: Buffer.from('{"ü":1}'), index: 6, size: 9, hashes: [hash], note: 'note' } };

describe('proofs', () => {
  test('are made one after the other, in the order they were asked for', async () => {
    const bench = new Bench();
    const replies = [7, 8, 9].map((seq) => bench.proving.ask(seq, seq, client()));
    await new Promise(setImmediate);
    expect(bench.asked).toEqual([7]);
    await bench.answer(proved);
    expect(await replies[0]).toEqual({ op: 'proof', id: 7, line: '{"ü":1}', index: 6, size: 9, hashes: [hash.toString('base64')], note: 'note' });
    expect(bench.asked).toEqual([7, 8]);
    await bench.answer(proved);
    await bench.answer(proved);
    expect((await Promise.all(replies)).map(({ id }) => id)).toEqual([7, 8, 9]);
    const later = bench.proving.ask(10, 10, client());
    await bench.answer(proved);
    expect(await later).toMatchObject({ op: 'proof', id: 10 });
  });

  test('that are too many are refused, and told when to come again', async () => {
    const bench = new Bench();
    const replies = Array.from({ length: proofsWaitingMax + 2 }, (_, id) => bench.proving.ask(id, 1, client()));
    expect(await replies.at(-1)).toMatchObject({ op: 'error', id: proofsWaitingMax + 1, code: 'overloaded', retry_after_ms: 1000 });
    for (let i = 0; i <= proofsWaitingMax; i += 1) await bench.answer(proved);
    expect((await Promise.all(replies)).filter(({ op }) => op === 'proof')).toHaveLength(proofsWaitingMax + 1);
  });

  test('of a client that is gone are not made, and take no place', async () => {
    const bench = new Bench();
    const first = client();
    const leaving = client();
    const own = bench.proving.ask(0, 1, first);
    for (let id = 1; id <= proofsWaitingMax; id += 1) void bench.proving.ask(id, 2, leaving);
    leaving.leave();
    const behind = bench.proving.ask(100, 3, client());
    await bench.answer(proved);
    await bench.answer(proved);
    expect(await own).toMatchObject({ op: 'proof' });
    expect(await behind).toMatchObject({ op: 'proof', id: 100 });
    expect(bench.asked).toEqual([1, 3]);
  });

  test('of a client that goes while they wait are not made, though nobody asks again', async () => {
    const bench = new Bench();
    const own = bench.proving.ask(0, 1, client());
    const leaving = client();
    void bench.proving.ask(1, 2, leaving);
    leaving.leave();
    await bench.answer(proved);
    expect(await own).toMatchObject({ op: 'proof' });
    expect(bench.asked).toEqual([1]);
  });

  test('are not made for a client that does not read', async () => {
    const bench = new Bench();
    expect(await bench.proving.ask(1, 1, client(false))).toMatchObject({ op: 'error', code: 'overloaded' });
    expect(bench.asked).toEqual([]);
  });

  test('end with the daemon: the one that is being made is finished, the others are told', async () => {
    const bench = new Bench();
    const [running, waiting] = [bench.proving.ask(1, 1, client()), bench.proving.ask(2, 2, client())];
    bench.proving.close();
    expect(await waiting).toMatchObject({ op: 'error', id: 2, code: 'shutting_down' });
    expect(await bench.proving.ask(3, 3, client())).toMatchObject({ op: 'error', id: 3, code: 'shutting_down' });
    await bench.answer(proved);
    expect(await running).toMatchObject({ op: 'proof', id: 1 });
  });
});

describe('what cannot be proven', () => {
  const cases: readonly (readonly [number, Proved, string, RegExp])[] = [
    [30, { kind: 'not_covered', size: 20 }, 'bad_request', /from 21 on.*next seal.*30/],
    [51, { kind: 'not_covered', size: 20 }, 'bad_request', /no record 51 yet.*50/],
    [3, { kind: 'removed', first: 12 }, 'bad_request', /retention.*12/],
    [3, { kind: 'mismatch', reason: 'because' }, 'internal', /not what was sealed.*because.*indelible verify/],
  ];

  test.each(cases)('record %d is refused with its reason: %j', async (seq, outcome, code, message) => {
    const bench = new Bench();
    const reply = bench.proving.ask(1, seq, client());
    await bench.answer(outcome);
    expect(await reply).toEqual({ op: 'error', id: 1, code, message: expect.stringMatching(message) as string });
    expect(bench.alarms).toHaveLength(code === 'internal' ? 1 : 0);
  });

  test('before the first seal is said so', async () => {
    const bench = new Bench();
    bench.note = undefined;
    expect(await bench.proving.ask(1, 1, client())).toMatchObject({ op: 'error', code: 'bad_request' });
  });

  test('because the disk fails is an alarm, and the next is tried all the same', async () => {
    const bench = new Bench(() => Promise.reject(new Error('EIO: broken')));
    expect(await bench.proving.ask(1, 1, client())).toMatchObject({ op: 'error', code: 'internal' });
    expect(await bench.proving.ask(2, 1, client())).toMatchObject({ op: 'error', code: 'internal' });
    expect(bench.alarms).toHaveLength(2);
  });
});
