// What each promise costs: the same load, and the daemon's CPU for one event, with one promise taken away at a time.
import { pathToFileURL } from 'node:url';
import { compiledBeside } from '../compiled.js';
import { Measured } from './indelible.js';
import type { Cell } from './grid.js';
import { median } from './numbers.js';
import type { Times } from './times.js';

export const promises = ['redaction', 'chain', 'tree', 'steps', 'head', 'ids'] as const;
export type Promised = (typeof promises)[number];

/** Microseconds of CPU for an event, with everything, and without each. Medians. */
export interface Prices {
  readonly whole: number;
  readonly without: Readonly<Record<Promised, number>>;
}

const cell: Cell = { sync: 'group', connections: 4, inFlight: 1024, batch: 1 };

/** The environment of a daemon without it. */
export function environmentWithout(without: Promised | undefined): Readonly<Record<string, string>> {
  return {
    ...(without === 'redaction' ? { INDELIBLE_REDACT: 'off' } : {}),
    NODE_OPTIONS: `--import ${pathToFileURL(compiledBeside(import.meta.url, 'without')).href}`,
    BENCH_WITHOUT: without ?? '',
  };
}

async function cost(directory: string, without: Promised | undefined, times: Times): Promise<number> {
  const measured = await Measured.start(directory, cell.sync, environmentWithout(without));
  try {
    return (await measured.load(cell, times, without !== 'ids')).peerCpu;
  } finally {
    await measured.daemon.clear();
  }
}

/** Turn about, so that whatever else the machine does meets all of them. */
export async function measurePromises(directory: string, rounds: number, times: Times): Promise<Prices> {
  const costs = new Map<Promised | undefined, number[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const without of [undefined, ...promises]) {
      costs.set(without, [...costs.get(without) ?? [], await cost(directory, without, times)]);
    }
  }
  const of = (without: Promised | undefined): number => median(costs.get(without) ?? []);
  const without = Object.fromEntries(promises.map((name) => [name, of(name)])) as Record<Promised, number>;
  return { whole: of(undefined), without };
}
