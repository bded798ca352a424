// What was measured, for people: medians of the rounds, and ratios of what was measured in the same round.
import { cpus, release, totalmem } from 'node:os';
import type { Beside } from './beside.js';
import type { FloorResult } from './floor.js';
import type { Cell } from './grid.js';
import { shapeOf } from './grid.js';
import type { LoadResult } from './load.js';
import { median, ratio, whole } from './numbers.js';
import type { Prices } from './promises.js';
import { promises } from './promises.js';
import type { Reading } from './reading.js';
import type { Times } from './times.js';

/** One cell of one round. Without `redis`: it is not installed. */
export interface Turn {
  readonly floor: FloorResult;
  readonly redis: LoadResult | undefined;
  readonly ours: LoadResult;
}

export interface Row {
  readonly cell: Cell;
  readonly turns: readonly Turn[];
}

export interface Result {
  readonly machine: string;
  readonly rounds: number;
  readonly times: Times;
  readonly rows: readonly Row[];
  /** Lines per second. */
  readonly syslog: { readonly plain: number | undefined; readonly secure: number | undefined } | undefined;
  readonly promises: Prices | undefined;
  readonly beside: Beside | undefined;
  readonly reading: Reading | undefined;
}

export function describeMachine(): string {
  const [first, ...more] = cpus();
  return `${1 + more.length} x ${first?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`;
}

function perSecond({ events, seconds }: LoadResult): number {
  return events / seconds;
}

function rowOf({ cell, turns }: Row): string {
  const of = (value: (turn: Turn) => number): number => median(turns.map(value));
  const isRedisThere = turns.every(({ redis }) => redis !== undefined);
  const redisOf = ({ redis }: Turn): number => (redis === undefined ? Number.NaN : perSecond(redis));
  const cells = [
    `\`${cell.sync}\``, shapeOf(cell), cell.batch, whole(of(({ floor }) => floor.linesPerSecond)),
    isRedisThere ? whole(of(redisOf)) : 'absent', whole(of(({ ours }) => perSecond(ours))),
    whole(of(({ ours }) => ours.p50)), whole(of(({ ours }) => ours.p99)),
    of(({ ours }) => ours.peerCpu).toFixed(1), ratio(of(({ floor, ours }) => perSecond(ours) / floor.linesPerSecond)),
    ratio(of(({ floor, ours }) => ours.p50 / floor.p50)), isRedisThere ? ratio(of((turn) => perSecond(turn.ours) / redisOf(turn))) : '-',
  ];
  return `| ${cells.join(' | ')} |\n`;
}

function gridTable(rows: readonly Row[]): string {
  return '| sync | connections x in flight | batch | disk alone, lines/s | Redis, events/s | Indelible, events/s | p50, us | p99, us '
    + '| daemon CPU, us/event | rate ÷ disk | p50 ÷ disk | rate ÷ Redis |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n'
    + rows.map(rowOf).join('');
}

function syslogText({ rows, syslog }: Result): string {
  if (syslog === undefined) return '';
  const best = Math.max(...rows.flatMap(({ turns }) => turns.map(({ ours }) => perSecond(ours))));
  const said = (rate: number | undefined): string => (rate === undefined ? 'absent' : `${whole(rate)} lines/s`);
  const times = syslog.secure === undefined ? '' : `; Indelible at its best is ${whole(best / syslog.secure)} times that`;
  return `\nsyslog-ng to a synced file: ${said(syslog.plain)}; with its secure-logging module: ${said(syslog.secure)}${times}.\n`;
}

function pricesText(prices: Prices | undefined): string {
  if (prices === undefined) return '';
  const rows = promises.map((name) => `| ${name} | ${prices.without[name].toFixed(1)} | ${(prices.whole - prices.without[name]).toFixed(1)} |\n`);
  return `\n| without | daemon CPU, us/event | its price |\n| --- | ---: | ---: |\n| nothing: all of them | ${prices.whole.toFixed(1)} | |\n${rows.join('')}`;
}

function besideText(beside: Beside | undefined): string {
  if (beside === undefined) return '';
  const cost = (share: number): string => `${((1 - share) * 100).toFixed(1)} %`;
  return `\nAt full load somebody who follows the log costs ${cost(beside.tail)} of the rate, somebody who asks for the status ten times a second `
    + `${cost(beside.status)}; the SDK takes ${beside.sdkCpu.toFixed(1)} us of CPU for an event in the program that appends it.\n`;
}

function readingText(reading: Reading | undefined): string {
  if (reading === undefined) return '';
  const { bytes, records, verify, query, startMs, cpuAtFirst, cpuNow, residentBytes } = reading;
  const mib = (value: number): string => `${whole(value / 2 ** 20)} MiB`;
  return `\nOn a log of ${whole(records)} records, ${mib(bytes)}: \`verify\` ${whole(verify.linesPerSecond)} lines/s in ${mib(verify.residentBytes)}; `
    + `\`query\` with a filter ${whole(query.linesPerSecond)} lines/s in ${mib(query.residentBytes)}; start in ${whole(startMs)} ms; `
    + `an event costs ${cpuAtFirst.toFixed(1)} us of CPU when the log is new and ${cpuNow.toFixed(1)} us now; the daemon's memory at full load ${mib(residentBytes)}.\n`;
}

/** Everything, as it stands in test/RESULTS.md. */
export function tableOf(result: Result): string {
  const { machine, rounds, times } = result;
  return `${machine}; ${rounds} rounds of ${times.measureMs} ms a cell; medians.\n\n${gridTable(result.rows)}`
    + syslogText(result) + pricesText(result.promises) + besideText(result.beside) + readingText(result.reading);
}
