// The process log: JSON lines on stderr, for people and for the journal.
import { fstatSync } from 'node:fs';
import pino from 'pino';
import type { Logger } from 'pino';

/** Of the process log that wait to be taken, at most. */
const processLogBytesMax = 4 * 1024 * 1024;

/** Who takes nothing of it for so long at our end, in looks of 100 ms, is not waited for: nobody may be there to read it. */
const looksAtEndMax = 10;

/** Pino's levels, from the highest, and the syslog priority that the journal files a line under. */
const priorities: readonly (readonly [number, number])[] = [[60, 2], [50, 3], [40, 4], [30, 6], [0, 7]];

/** Whether stderr is the journal's stream, as systemd.exec(5) has it. */
export function isJournal(stream: string | undefined, descriptor = 2): boolean {
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  return stream === `${dev}:${ino}`;
}

/** A line with what tells the journal how grave it is (sd-daemon(3)), and takes off again. */
export function withPriority(line: string): string {
  const level = Number(/^\{"level":(\d+)/.exec(line)?.[1] ?? 30);
  const [, priority] = priorities.find(([from]) => level >= from) ?? [0, 6];
  return `<${priority}>${line}`;
}

/** Opens it; what was not taken in time is dropped, counted, and said at the end. */
export function openProcessLog(level: string, environment: NodeJS.ProcessEnv): Logger {
  // Not in step with us: who reads our stderr slowly must not slow us down.
  let isEnding = false;
  let looks = 0;
  let waiting = 0;
  const retryEAGAIN = (_: unknown, writing: number, behind: number): boolean => {
    looks = isEnding && writing + behind === waiting ? looks + 1 : 0;
    waiting = writing + behind;
    return looks < looksAtEndMax;
  };
  const stderr = pino.destination({ dest: 2, sync: false, maxLength: processLogBytesMax, retryEAGAIN });
  const hooks = isJournal(environment['JOURNAL_STREAM']) ? { hooks: { streamWrite: withPriority } } : {};
  const logger = pino({ name: 'indelible', level, base: { pid: process.pid }, ...hooks }, stderr);
  let dropped = 0;
  stderr.on('drop', () => { dropped += 1; });
  // Before pino's own, which would wait for ever.
  process.prependListener('exit', () => {
    if (dropped > 0) logger.warn(`${dropped} lines of this process log were dropped: nobody took them in time`);
    isEnding = true;
    try {
      stderr.flushSync();
    } catch {
      // Nobody reads it any more, or takes anything of it, so there is nobody to tell.
    }
    stderr.destroy();
  });
  return logger;
}
