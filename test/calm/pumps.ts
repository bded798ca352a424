/** Starts producers that are processes of their own, and ends them. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { watch, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiledBeside } from '../compiled.js';
import type { Bench } from './bench.js';

const client = new URL('../../dist/client/client.js', import.meta.url).href;

/** See the file's head. */
export class Pumps {
  readonly #children: readonly ChildProcess[];
  readonly #files: readonly string[];
  readonly #errors: string[] = [];

  private constructor(children: readonly ChildProcess[], files: readonly string[]) {
    this.#children = children;
    this.#files = files;
    for (const child of children) child.stderr?.setEncoding('utf8').on('data', (text: string) => { this.#errors.push(text); });
  }

  /**
   * Starts `count` of them on a bench's daemon, each sending at most `perSecond` events a second, or as fast as it is
   * answered; resolves when each has its first receipt.
   */
  static async start(bench: Bench, count: number, perSecond = 0): Promise<Pumps> {
    const program = compiledBeside(import.meta.url, 'pump');
    const files = Array.from({ length: count }, (_, index) => join(bench.elsewhere, `receipts-${index}`));
    const socket = join(bench.elsewhere, 's');
    const first = files.map((path) => {
      writeFileSync(path, '');
      bench.acknowledgedIn(path);
      return new Promise<void>((resolve) => {
        const watcher = watch(path, () => {
          watcher.close();
          resolve();
        });
      });
    });
    const children = files.map((path) =>
      spawn(process.execPath, [program, client, socket, path, String(perSecond)], { stdio: ['ignore', 'ignore', 'pipe'] }));
    const pumps = new Pumps(children, files);
    await Promise.race([Promise.all(first), ...children.map((child) => new Promise((resolve) => { child.once('close', resolve); }))]);
    return pumps;
  }

  /** When record `seq` was acknowledged to one of them. */
  async reach(bench: Bench, seq: number): Promise<void> {
    while (bench.newestSeq() < seq) {
      // Told of the next receipts of any of them.
      const stop = new AbortController();
      await Promise.race(this.#files.map((path) => new Promise((resolve) => {
        watch(path, { signal: stop.signal }, resolve);
      })));
      stop.abort();
    }
  }

  /** Ends them; a producer that had already ended says why. */
  async end(bench: Bench): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) {
        bench.alarm(`a producer ended with ${child.exitCode ?? child.signalCode ?? ''}: ${this.#errors.join('').slice(-600)}`);
        continue;
      }
      const closed = new Promise((resolve) => { child.once('close', resolve); });
      child.kill('SIGKILL');
      await closed;
    }
  }
}
