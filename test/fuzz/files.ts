// Spoiled logs against whatever reads logs: verify, the scan behind query and export, what people are shown, and a start.
// Everything here is in memory; commands.ts does a share of it with real files and the real command line.
import { errorCode } from '../../src/disk/disk.js';
import { printable } from '../../src/event/printable.js';
import { sourceLine } from '../../src/exchange/export.js';
import { LogError } from '../../src/log/failure.js';
import { openLog } from '../../src/log/recovery.js';
import { csvRow } from '../../src/query/csv.js';
import { LogScan } from '../../src/query/scan.js';
import { reportText } from '../../src/verify/report-text.js';
import { verify } from '../../src/verify/verify.js';
import type { VerifyOptions } from '../../src/verify/verify.js';
import { RecordFilter } from '../../src/wire/filter.js';
import { showRecord } from '../../src/cli/show.js';
import { MemoryDisk as LogDisk } from '../log/memory-disk.js';
import { StillClock, places, state } from '../log/run.js';
import { MemoryDisk } from '../verify/memory-disk.js';
import { bytesHeld } from './heap.js';
import type { Nodes, SampleLog } from './logs.js';
import { changed, guarded, sampleLogs } from './logs.js';
import type { Outcome } from './outcome.js';
import { Random } from './random.js';
import { spoil } from './spoil.js';

export type Verify = typeof verify;

export interface FilesRun {
  readonly cases: number;
  readonly verify?: Verify;
  readonly onProgress?: (done: number) => void;
}

/** However slow the machine is: what takes longer hangs, ms. */
const deadlineMs = 60_000;
const heapGrowthMax = 32 * 1024 * 1024;
/** What a terminal obeys; lines may end, and colour is not asked for here. */
const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

/** What was spoiled of a log, in a line. */
export function describeSpoiled(before: Nodes, after: Nodes): string {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).map((path) => {
    const [was, is] = [before.get(path), after.get(path)];
    if (!Buffer.isBuffer(is)) return `${path} is ${is === undefined ? 'gone' : JSON.stringify(is)}`;
    if (!Buffer.isBuffer(was)) return `${path} is ${is.length} bytes`;
    let at = 0;
    while (at < is.length && is[at] === was[at]) at += 1;
    return `${path} of ${is.length} bytes (was ${was.length}) from byte ${at}: ${printable(is.toString('latin1', at, at + 120))}`;
  }).join('; ');
}

/** One spoiled log against everything; what is wrong, first words first. */
export function wrongWith(sample: SampleLog, nodes: Nodes, check: Verify, outcome: Outcome): string | undefined {
  for (const [witness, guards] of [
    [{ key: { key: sample.key, besideLog: false } }, guarded(sample, false)], [{ pub: sample.pub }, guarded(sample, true)],
  ] as const) {
    const wrong = verifiedWrongly(sample, nodes, check, witness, guards, outcome);
    if (wrong !== undefined) return wrong;
  }
  return scannedWrongly(nodes) ?? (sample.startable ? startedWrongly(nodes, outcome) : undefined);
}

function diskOf(nodes: Nodes): MemoryDisk {
  const disk = new MemoryDisk();
  // What reads keys blots them out behind itself, so it gets its own.
  for (const [path, node] of nodes) disk.nodes.set(path, Buffer.isBuffer(node) && path.startsWith('/keys/') ? Buffer.from(node) : node);
  return disk;
}

function verifiedWrongly(
  sample: SampleLog, nodes: Nodes, check: Verify, witness: Pick<VerifyOptions, 'key' | 'pub'>, guards: ReadonlyMap<string, number>, outcome: Outcome,
): string | undefined {
  const with_ = 'key' in witness ? 'the key' : 'log.pub';
  const disk = diskOf(nodes);
  try {
    const report = check({ disk, stateDirectory: '/', ...witness });
    outcome.count(`files: verify with ${with_}: exit ${report.exit}`);
    const change = changed(sample.nodes, nodes, guards);
    if (report.exit === 0 && change !== undefined) return `called intact with ${with_}: ${change} was changed`;
    if (disk.opened > 0) return `verify left files open: ${disk.opened}`;
    if (controls.test(reportText(report, '/'))) return `verify's report moves a terminal: ${JSON.stringify(report.findings[0])}`;
    return undefined;
  } catch (error) {
    return `verify threw: ${error instanceof Error ? error.stack ?? '' : String(error)}`;
  }
}

function scannedWrongly(nodes: Nodes): string | undefined {
  for (const order of ['oldest_first', 'newest_first'] as const) {
    const disk = diskOf(nodes);
    let scan: LogScan;
    try {
      scan = new LogScan({ disk, stateDirectory: '/', filter: new RecordFilter({}), order });
    } catch {
      // What cannot be begun is said in a message, and ends the command.
      continue;
    }
    try {
      for (const { bytes, fault } of scan.run()) {
        const shown = fault === undefined ? showRecord(bytes.toString('utf8'), (_, text) => text) : printable(bytes.toString('utf8', 0, 16_384));
        if (controls.test(shown)) return `query moves a terminal: ${JSON.stringify(shown.slice(0, 300))}`;
        if (fault !== undefined) continue;
        csvRow(bytes);
        sourceLine(bytes, undefined);
      }
    } catch (error) {
      return `query threw ${order}: ${error instanceof Error ? error.stack ?? '' : String(error)}`;
    }
    if (disk.opened > 0) return `query left files open: ${disk.opened}`;
    if (controls.test(scan.tally.text)) return 'query moves a terminal with its tally';
  }
  return undefined;
}

/** A start on it either goes well or is refused by name; and what is refused stays as it is. */
function startedWrongly(nodes: Nodes, outcome: Outcome): string | undefined {
  const disk = new LogDisk();
  for (const directory of [places.log, places.keys, places.quarantine]) disk.makeDirectory(directory);
  for (const [path, node] of nodes) {
    if (Buffer.isBuffer(node)) disk.put(`${state}${path}`, node);
    else if (typeof node === 'object') disk.link(node.link, `${state}${path}`);
  }
  const before = textOf(disk);
  try {
    const found = openLog(disk, new StillClock(), places);
    outcome.count(`files: start ${found === 'absent' ? 'found no log' : 'went on'}`);
    return undefined;
  } catch (error) {
    if (!(error instanceof LogError) && errorCode(error) !== undefined) {
      // The writer's thread makes a refusal of these; commands.ts sees to it.
      outcome.count(`files: start met ${errorCode(error) ?? ''}`);
      return textOf(disk) === before ? undefined : `a start changed what it could not read: ${String(error)}`;
    }
    if (!(error instanceof LogError)) return `a start threw: ${error instanceof Error ? error.stack ?? '' : String(error)}`;
    outcome.count(`files: start ${error.code}: ${error.what}`);
    return error.code === 'refused' && textOf(disk) !== before ? `a start changed what it refused: ${error.message}` : undefined;
  }
}

function textOf(disk: LogDisk): string {
  return ['', '/log', '/keys', '/quarantine'].flatMap((directory) => disk.list(`${state}${directory}`).map((name) => {
    const path = `${state}${directory}/${name}`;
    const kind = disk.entry(path)?.kind;
    return `${path} ${kind === 'file' ? disk.read(path)?.toString('latin1') ?? '' : kind === 'link' ? disk.linkTarget(path) : ''}`;
  })).join('\n');
}

/** Runs the cases and reports what went wrong. */
export function fuzzFiles({ cases, verify: check = verify, onProgress }: FilesRun, outcome: Outcome): void {
  const samples = sampleLogs();
  for (const sample of samples) {
    const wrong = wrongWith(sample, sample.nodes, check, outcome) ?? (check({ disk: diskOf(sample.nodes), stateDirectory: '/', key: { key: sample.key, besideLog: false } }).exit === 0 ? undefined : 'is not intact as it is');
    if (wrong !== undefined) outcome.mismatch(`files ${sample.name}`, { target: 'files', number: 0, what: `${sample.name}: ${wrong}`, input: '' });
  }
  let heldHalfway = 0;
  for (let number = 0; number < cases; number += 1) {
    if (number === cases >> 1) heldHalfway = bytesHeld();
    if (number % 100 === 0) onProgress?.(number);
    const random = new Random(outcome.seed, 'files', number);
    const sample = random.pick(samples);
    const nodes = spoil(sample.nodes, random);
    const began = performance.now();
    const wrong = wrongWith(sample, nodes, check, outcome);
    if (wrong !== undefined) outcome.mismatch(`files ${wrong.split(':')[0] ?? ''}`, { target: 'files', number, what: `${sample.name}: ${wrong}`, input: describeSpoiled(sample.nodes, nodes) });
    const ms = performance.now() - began;
    if (ms > deadlineMs) outcome.mismatch('files slow', { target: 'files', number, what: `took ${Math.round(ms)} ms`, input: describeSpoiled(sample.nodes, nodes) });
  }
  outcome.count('files: cases', cases);
  const growth = bytesHeld() - heldHalfway;
  if (growth > heapGrowthMax) outcome.mismatch('files growth', { target: 'files', number: cases, what: `the heap grew by ${growth} bytes in the second half`, input: '' });
}
