// What a process has cost so far, from the kernel's own books.
import { readFileSync, readdirSync } from 'node:fs';

/** Microseconds on a processor, user and system, of all threads that live. Of a thread that ended nothing is counted. */
export function cpuMicros(pid: number): number {
  let nanos = 0;
  for (const task of readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'latin1').split(' ')[0]);
  }
  return nanos / 1000;
}

/** Resident memory now, bytes. */
export function residentBytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024;
}
