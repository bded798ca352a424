// The benchmark as a program: the daemon against the bare disk, Redis and syslog-ng, turn about in one run. `scripts/bench`
// builds and runs it. Exit status: 0 measured, 1 something could not be, 2 wrong usage.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { measureBeside } from './beside.js';
import { runProgram } from './child.js';
import type { FloorOrder, FloorResult } from './floor.js';
import type { Cell } from './grid.js';
import { floorGroup, fullGrid, quickGrid } from './grid.js';
import { Measured } from './indelible.js';
import type { LoadResult } from './load.js';
import { measurePromises } from './promises.js';
import { measureReading } from './reading.js';
import { measureRedis } from './redis.js';
import { measureSyslog } from './syslog.js';
import type { Result, Row, Turn } from './table.js';
import { describeMachine, tableOf } from './table.js';
import type { Times } from './times.js';

const usage = `usage: scripts/bench [--quick] [--rounds N] [--promises] [--beside] [--reading RECORDS] [--json] [--directory DIR]
       scripts/bench --install-peers
--quick: six cells, one round, under a minute; else all 24 cells, --rounds (5) times, turn about
--promises: the price of each promise; --beside: of a tail, of asking for status, of the SDK
--reading: verify, query and start on a log of so many records
--json: the numbers of every round; --directory: where the files lie that are written to (a disk, not a memory)
--install-peers: installs Redis and syslog-ng from Debian's packages, and measures nothing; one that is absent is named as absent
`;

/** A line of the log with this event in it, which the floor writes as often. */
const lineBytes = 760;

interface Options {
  readonly quick: boolean;
  readonly rounds: number;
  readonly promises: boolean;
  readonly beside: boolean;
  readonly reading: number;
  readonly json: boolean;
  readonly directory: string;
}

/** @throws TypeError for an option that there is not */
function readOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false }, rounds: { type: 'string' }, promises: { type: 'boolean', default: false },
      beside: { type: 'boolean', default: false }, reading: { type: 'string', default: '0' }, json: { type: 'boolean', default: false }, directory: { type: 'string', default: tmpdir() },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  const reading = Number(values.reading);
  if (!Number.isSafeInteger(rounds) || rounds < 1 || !Number.isSafeInteger(reading) || reading < 0) return undefined;
  const { quick, promises, beside, json, directory } = values;
  return { quick, rounds, promises, beside, reading, json, directory };
}

/** One cell of one round: floor, Redis and the daemon, one behind the other. */
async function turn(directory: string, measured: Measured, cell: Cell, times: Times): Promise<Turn> {
  const floorOrder: FloorOrder = { directory, lineBytes, group: floorGroup(cell), measureMs: times.measureMs };
  const floor = await runProgram<FloorResult>('floor', floorOrder);
  const redis = await measureRedis(directory, cell, times);
  const ours: LoadResult = await measured.load(cell, times);
  return { floor, redis, ours };
}

async function measureGrid(directory: string, cells: readonly Cell[], rounds: number, times: Times): Promise<Row[]> {
  const turns = new Map<Cell, Turn[]>(cells.map((cell) => [cell, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const sync of ['line', 'group'] as const) {
      const measured = await Measured.start(directory, sync);
      try {
        for (const cell of cells) if (cell.sync === sync) turns.get(cell)?.push(await turn(directory, measured, cell, times));
      } finally {
        await measured.daemon.clear();
      }
      process.stderr.write(`round ${round + 1} of ${rounds}: ${sync}\n`);
    }
  }
  return cells.map((cell) => ({ cell, turns: turns.get(cell) ?? [] }));
}

async function measure(options: Options, directory: string): Promise<Result> {
  const times: Times = options.quick ? { warmMs: 300, measureMs: 700 } : { warmMs: 500, measureMs: 2_000 };
  const rows = await measureGrid(directory, options.quick ? quickGrid : fullGrid, options.rounds, times);
  const syslog = options.quick ? undefined : { plain: await measureSyslog(directory, 'plain'), secure: await measureSyslog(directory, 'secure') };
  const promises = options.promises ? await measurePromises(directory, options.rounds, times) : undefined;
  const beside = options.beside ? await measureBeside(directory, options.rounds, times) : undefined;
  const reading = options.reading > 0 ? await measureReading(directory, options.reading, times) : undefined;
  return { machine: describeMachine(), rounds: options.rounds, times, rows, syslog, promises, beside, reading };
}

async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    process.stdout.write(usage);
    return 0;
  }
  let options: Options | undefined;
  try {
    options = readOptions();
  } catch (error) {
    process.stderr.write(`${String(error)}\n`);
  }
  if (options === undefined) {
    process.stderr.write(usage);
    return 2;
  }
  const directory = mkdtempSync(join(options.directory, 'ind-'));
  try {
    const result = await measure(options, directory);
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : tableOf(result));
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

process.exitCode = await main();
