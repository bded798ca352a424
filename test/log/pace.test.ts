// Whether it is worth to wait for the next request without sleeping.
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { Bell } from '../../src/log/bell.js';
import { Pace } from '../../src/log/pace.js';

/** One sender's requests, one after the other, with a clock that the test moves. */
class Sending {
  now = 1000;
  readonly pace = new Pace(() => this.now);
  readonly #sender = { process: 'one' };

  /** So many requests that come `gap` ms behind the last answer and are answered in `answer` ms; whether each was brisk. */
  send(count: number, gap: number, answer: number, sender = this.#sender): boolean[] {
    return Array.from({ length: count }, () => {
      this.now += gap;
      this.pace.taken(sender, true);
      const { isBrisk } = this.pace;
      this.now += answer;
      this.pace.answered();
      return isBrisk;
    });
  }
}

const always = (count: number, value: boolean): boolean[] => Array.from({ length: count }, () => value);

describe('the pace of requests', () => {
  // With one core nobody is brisk: who looks without sleeping would look at a writer that cannot run.
  const onCores = availableParallelism() > 1;

  test('is brisk where one sender sends the next as soon as the last is answered', () => {
    const sending = new Sending();
    expect(sending.send(17, 0.05, 0.2)).toEqual(always(17, false));
    expect(sending.send(20, 0.05, 0.2)).toEqual(always(20, onCores));
  });

  test('is not where somebody takes his time, or the disk does', () => {
    expect(new Sending().send(100, 1, 0.2)).toEqual(always(100, false));
    expect(new Sending().send(100, 0.05, 2)).toEqual(always(100, false));
  });

  test('survives one slow commit and not two, and comes back', () => {
    const sending = new Sending();
    sending.send(40, 0.05, 0.2);
    sending.send(1, 0.05, 5);
    expect(sending.send(16, 0.05, 0.2)).toEqual(always(16, onCores));
    sending.send(2, 0.05, 5);
    expect(sending.send(4, 0.05, 0.2)).toEqual(always(4, false));
    expect(sending.send(20, 0.05, 0.2).at(-1)).toBe(onCores);
  });

  test('is not while there is anybody else', () => {
    const sending = new Sending();
    sending.send(40, 0.05, 0.2);
    expect(sending.send(1, 0.05, 0.2, { process: 'other' })).toEqual([false]);
    expect(sending.send(8, 0.05, 0.2)).toEqual(always(8, false));
    sending.send(40, 0.05, 0.2);
    sending.pace.taken({ process: 'other' }, false);
    expect(sending.pace.isBrisk).toBe(false);
  });
});

describe('a thread that had to wait for a core', () => {
  test('counts as starved until it woke up in time often enough', () => {
    const pace = new Pace(() => 0);
    pace.woken(0.4);
    expect(pace.isStarved).toBe(false);
    pace.woken(0.6);
    for (let wakes = 0; wakes < 256; wakes += 1) {
      expect(pace.isStarved).toBe(true);
      // It was awake, which says nothing.
      pace.woken(0);
      pace.woken(0.1);
    }
    expect(pace.isStarved).toBe(false);
  });
});

describe('the bell', () => {
  test('is heard without sleeping too, and not waited for longer than was said', () => {
    const shared = Bell.share();
    const bell = new Bell(shared);
    const { rung } = bell;
    expect(bell.spin(rung, 1)).toBe(false);
    new Bell(shared).ring();
    expect(bell.spin(rung, 60_000)).toBe(true);
    expect(bell.spin(bell.rung, 1)).toBe(false);
  });
});
