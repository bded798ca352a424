// The floor: nothing but the lines and the disk. One process writes lines of a given length, so many for each fdatasync,
// for a time. Run with one JSON argument; prints one JSON line.
import { closeSync, fdatasyncSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** `group`: lines under one fdatasync. */
export interface FloorOrder {
  readonly directory: string;
  readonly lineBytes: number;
  readonly group: number;
  readonly measureMs: number;
}

export interface FloorResult {
  readonly linesPerSecond: number;
  /** Of write and fdatasync together, microseconds. */
  readonly p50: number;
  readonly p99: number;
}

function run({ directory, lineBytes, group, measureMs }: FloorOrder): FloorResult {
  const path = join(directory, 'floor');
  const file = openSync(path, 'w');
  const lines = Buffer.alloc(lineBytes * group, 'x');
  const took: number[] = [];
  let at = 0;
  const started = performance.now();
  let now = started;
  while (now - started < measureMs) {
    at += writeSync(file, lines, 0, lines.length, at);
    fdatasyncSync(file);
    const then = performance.now();
    took.push(then - now);
    now = then;
  }
  closeSync(file);
  unlinkSync(path);
  const sorted = Float64Array.from(took).sort();
  const percentile = (share: number): number => (sorted[Math.floor(sorted.length * share)] ?? 0) * 1000;
  return { linesPerSecond: (took.length * group * 1000) / (now - started), p50: percentile(0.5), p99: percentile(0.99) };
}

const words = process.argv[2];
if (words !== undefined) process.stdout.write(`${JSON.stringify(run(JSON.parse(words) as FloorOrder))}\n`);
