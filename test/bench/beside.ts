// What stands beside the writing: somebody who follows the log, somebody who asks how the daemon fares, and the SDK in the
// program that appends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { Conversation, program } from '../daemon.js';
import { runProgram } from './child.js';
import { Measured } from './indelible.js';
import { median } from './numbers.js';
import type { SdkOrder, SdkResult } from './sdk.js';
import type { Times } from './times.js';

const cell = { sync: 'group', connections: 4, inFlight: 1024, batch: 1 } as const;
const sdkLoad = { events: 100_000, waiting: 512 } as const;
const pollMs = 100;
const settleMs = 300;

/** Events per second of the same round, with somebody beside them and without; medians of the ratios. */
export interface Beside {
  readonly tail: number;
  readonly status: number;
  /** Microseconds of CPU for each event. */
  readonly sdkCpu: number;
}

/** Does `work` while `indelible tail -f` follows the log, from its first word on. @throws Error when it did not to the end */
export async function whileFollowed<T>(socket: string, work: () => Promise<T>): Promise<T> {
  const child = spawn(process.execPath, [program, 'tail', '--follow', '--socket', socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  try {
    // What it takes to start a program is not what it takes to follow. Its first words are of what was there before.
    await Promise.race([once(child.stdout, 'data'), ended]);
    child.stdout.resume();
    await pause(settleMs);
    const result = await work();
    if (child.exitCode !== null) throw new Error(`nobody followed: the tail ended with ${child.exitCode}`);
    return result;
  } finally {
    child.kill();
    await ended;
  }
}

/** Does `work` while somebody asks for the status every so often. */
export async function whilePolled<T>(socket: string, work: () => Promise<T>): Promise<T> {
  const conversation = new Conversation(socket);
  let id = 0;
  const timer = setInterval(() => { conversation.send({ op: 'status', id: id += 1 }); }, pollMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    await conversation.until(id);
    await conversation.close();
  }
}

/** Turn about, on one log. */
export async function measureBeside(directory: string, rounds: number, times: Times): Promise<Beside> {
  const measured = await Measured.start(directory, cell.sync);
  const { socket } = measured.daemon;
  const rate = async (): Promise<number> => {
    const { events, seconds } = await measured.load(cell, times);
    return events / seconds;
  };
  const ratios: { readonly tail: number; readonly status: number; readonly sdkCpu: number }[] = [];
  try {
    for (let round = 0; round < rounds; round += 1) {
      const alone = await rate();
      const tail = await whileFollowed(socket, rate);
      const status = await whilePolled(socket, rate);
      const { cpuPerEvent } = await runProgram<SdkResult>('sdk', { socket, ...sdkLoad } satisfies SdkOrder);
      ratios.push({ tail: tail / alone, status: status / alone, sdkCpu: cpuPerEvent });
    }
  } finally {
    await measured.daemon.clear();
  }
  const of = (name: keyof Beside): number => median(ratios.map((one) => one[name]));
  return { tail: of('tail'), status: of('status'), sdkCpu: of('sdkCpu') };
}
