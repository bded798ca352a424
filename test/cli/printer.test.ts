// Lines that come many at once, on their way out.
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { Printer } from '../../src/cli/terminal.js';

/** Takes what it is written when it is told to. */
class Slow extends Writable {
  readonly taken: string[] = [];
  #next: (() => void) | undefined;

  constructor() {
    super({ highWaterMark: 10, decodeStrings: false });
  }

  override _write(chunk: unknown, _: BufferEncoding, callback: () => void): void {
    this.taken.push(String(chunk));
    this.#next = callback;
  }

  take(): void {
    const next = this.#next;
    this.#next = undefined;
    next?.();
  }
}

const turn = (): Promise<void> => new Promise(setImmediate);

describe('printing', () => {
  test('puts the lines of one turn in one write', async () => {
    const out = new Slow();
    const printer = new Printer(out);
    for (let n = 0; n < 5; n += 1) await printer.print(`${n}`);
    await turn();
    expect(out.taken).toEqual(['0\n1\n2\n3\n4\n']);
  });

  test('forgets nothing that comes while nobody takes what was printed', async () => {
    const out = new Slow();
    const printer = new Printer(out);
    await printer.print('the first one');
    await turn();
    await printer.print('second');
    await turn();
    await turn();
    await printer.print('third');
    out.take();
    for (let n = 0; n < 3; n += 1) await turn();
    out.take();
    for (let n = 0; n < 3; n += 1) await turn();
    expect(out.taken.join('')).toBe('the first one\nsecond\nthird\n');
  });

  test('waits with more while much is not taken, and flushes the rest', async () => {
    const out = new Slow();
    const printer = new Printer(out);
    const line = 'x'.repeat(10_000);
    let printed = 0;
    const printing = (async () => {
      for (; printed < 30; printed += 1) await printer.print(line);
      await printer.flush();
    })();
    for (let n = 0; n < 10; n += 1) await turn();
    // 64 Ki of characters wait, and as many are on their way.
    expect(printed).toBeLessThan(15);
    while (out.taken.join('').length < 30 * (line.length + 1)) {
      out.take();
      await turn();
    }
    out.take();
    await printing;
    expect(out.taken.join('')).toBe(`${line}\n`.repeat(30));
  });
});
