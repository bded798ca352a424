/** What a daemon holds in memory over time, and whether that grows. */
import { readFileSync } from 'node:fs';

const mebibyte = 1024 * 1024;
/** From the median of the first to that of the last third of the samples: what a collector of garbage puts off. */
export const growthBytesMax = 32 * mebibyte;
/** Fewer say nothing. */
const samplesMin = 30;

interface Sample {
  readonly ms: number;
  readonly bytes: number;
}

/** Resident bytes of a process; undefined when it is gone. */
export function residentBytes(pid: number | undefined): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid ?? 0}/status`, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    return undefined;
  }
}

function median(samples: readonly Sample[]): number {
  return samples.map(({ bytes }) => bytes).sort((a, b) => a - b)[Math.floor(samples.length / 2)] ?? 0;
}

/** What became of it, bytes. */
export interface Growth {
  readonly samples: number;
  readonly from: number;
  readonly to: number;
  /** By least squares. */
  readonly bytesPerMinute: number;
}

/** One daemon's memory; samples before its warm-up are not taken. */
export class Memory {
  readonly #samples: Sample[] = [];

  sample(pid: number | undefined): void {
    const bytes = residentBytes(pid);
    if (bytes !== undefined) this.#samples.push({ ms: performance.now(), bytes });
  }

  /** Undefined where there are too few samples. */
  get growth(): Growth | undefined {
    const samples = this.#samples;
    const third = Math.floor(samples.length / 3);
    if (samples.length < samplesMin) return undefined;
    const [from, to] = [median(samples.slice(0, third)), median(samples.slice(-third))];
    return { samples: samples.length, from, to, bytesPerMinute: slope(samples) * 60_000 };
  }
}

function slope(samples: readonly Sample[]): number {
  const mean = (of: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [ms, bytes] = [mean((sample) => sample.ms), mean((sample) => sample.bytes)];
  const spread = mean((sample) => (sample.ms - ms) ** 2);
  return spread === 0 ? 0 : mean((sample) => (sample.ms - ms) * (sample.bytes - bytes)) / spread;
}

/** In words. */
export function describeGrowth({ samples, from, to, bytesPerMinute }: Growth): string {
  const inMebibytes = (bytes: number): string => (bytes / mebibyte).toFixed(1);
  return `${inMebibytes(from)} to ${inMebibytes(to)} MiB, ${inMebibytes(bytesPerMinute)} MiB a minute, ${samples} samples`;
}
