// The daemon as it is built, with a log of its own, measured cell by cell.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon } from '../daemon.js';
import { runProgram } from './child.js';
import type { Cell } from './grid.js';
import { requestsInFlight } from './grid.js';
import type { LoadOrder, LoadResult } from './load.js';
import type { Times } from './times.js';

/** Events before the first measurement, so that it is not of a program that is still being compiled. */
const warmUp: Times = { warmMs: 0, measureMs: 1_500 };

let runs = 0;

/** A daemon under measurement. */
export class Measured {
  readonly daemon: Daemon;

  private constructor(daemon: Daemon) {
    this.daemon = daemon;
  }

  static async start(directory: string, sync: 'line' | 'group', env: Readonly<Record<string, string>> = {}): Promise<Measured> {
    const state = join(directory, 'state');
    rmSync(state, { recursive: true, force: true });
    mkdirSync(state, { mode: 0o700 });
    const daemon = await Daemon.start({ state, env: { INDELIBLE_SYNC: sync, ...env } });
    const measured = new Measured(daemon);
    await measured.load({ sync, connections: 4, inFlight: 64, batch: 1 }, warmUp);
    return measured;
  }

  /** @throws Error when the ledger is not whole: a rate of which events are missing means nothing */
  async load(cell: Cell, times: Times, withIds = true): Promise<LoadResult> {
    runs += 1;
    const { socket, process } = this.daemon;
    const order: LoadOrder = {
      peer: 'indelible', socket, pid: process.pid ?? 0, connections: cell.connections, inFlight: requestsInFlight(cell), batch: cell.batch,
      name: withIds ? `run${runs}` : '', ...times,
    };
    const result = await runProgram<LoadResult>('load', order);
    if (result.wrong.length > 0) throw new Error(`the ledger is not whole: ${result.wrong.join('; ')}`);
    return result;
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    await this.daemon.clear();
  }
}
