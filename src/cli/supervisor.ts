/**
 * What the service manager is told (sd_notify): that we are ready, how we are, that we get on, that we stop. Without one,
 * nothing is said. Invariant: WATCHDOG=1 and EXTEND_TIMEOUT_USEC leave only when the writer's thread got on since the last
 * ones; a disk that hangs, or a main thread that does, is silence, and systemd acts on that.
 */
import type { Logger } from 'pino';
import { Notices } from '../kernel/native.js';
import type { Pulse } from '../log/pulse.js';
import type { Status } from '../wire/message.js';

/** The variables that systemd speaks with; they are for this process, and no child of it should answer to them. */
export const managerVariables = ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES', 'NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC'] as const;

/** Looked at this often, ms, or four times in the watchdog's time where that is shorter. */
const lookEveryMs = 1_000;
/** A start or a stop that gets on may take this long from then on, µs. */
const extendedUs = 30_000_000;
/** The status is said this often, ms, where it changed. */
const statusEveryMs = 2_000;

/** What the status line speaks of. */
type Spoken = Pick<Status, 'state' | 'head' | 'clients' | 'queue' | 'last_error'>;

type Phase =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready'; readonly status: () => Spoken }
  | { readonly kind: 'stopping' };

/** Numbers of the status line before, and when they were taken, ms. */
interface Sample {
  readonly seq: number;
  readonly atMs: number;
}

export interface SupervisorParts {
  readonly environment: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly pulse: Pulse;
  readonly logger: Logger;
  /** Milliseconds that never step. */
  readonly monotonic: () => number;
}

export class Supervisor {
  readonly #parts: SupervisorParts;
  readonly #notices: Notices | undefined;
  readonly #watchdog: boolean;
  readonly #timer: NodeJS.Timeout | undefined;
  #phase: Phase = { kind: 'starting' };
  #pulseBefore: number;
  #movedAtMs: number;
  #sample: Sample | undefined;
  #said = '';
  #isTroubled = false;

  constructor(parts: SupervisorParts) {
    const { environment, pid, pulse, monotonic } = parts;
    this.#parts = parts;
    this.#pulseBefore = pulse.count;
    this.#movedAtMs = monotonic();
    const watchdogMs = watchdogOf(environment, pid);
    this.#watchdog = watchdogMs !== undefined;
    const socket = environment['NOTIFY_SOCKET'] ?? '';
    if (socket === '') return;
    this.#notices = new Notices(socket);
    this.#timer = setInterval(() => { this.#look(); }, Math.max(1, Math.min(lookEveryMs, (watchdogMs ?? Infinity) / 4)));
    this.#timer.unref();
  }

  /** Appends work from here on; `status` is the daemon's own. */
  ready(status: () => Spoken): void {
    this.#phase = { kind: 'ready', status };
    this.#sample = undefined;
    this.#tell('READY=1', ...this.#statusWords());
  }

  /** Nothing new is taken in; what was is written out, or answered. */
  stopping(reason: string): void {
    this.#phase = { kind: 'stopping' };
    this.#tell('STOPPING=1', `STATUS=stopping: ${reason}`);
  }

  /** A sentence for `systemctl status`, also when we are gone. */
  say(text: string): void {
    this.#tell(`STATUS=${text}`);
  }

  /** Nothing is said from here on. */
  close(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const { pulse, monotonic } = this.#parts;
    const hasMoved = pulse.count !== this.#pulseBefore;
    this.#pulseBefore = pulse.count;
    if (hasMoved) this.#movedAtMs = monotonic();
    const words: string[] = [];
    if (hasMoved && this.#phase.kind === 'ready' && this.#watchdog) words.push('WATCHDOG=1');
    if (hasMoved && this.#phase.kind !== 'ready') words.push(`EXTEND_TIMEOUT_USEC=${extendedUs}`);
    words.push(...this.#statusWords());
    if (words.length > 0) this.#tell(...words);
  }

  /** The status line, where it is time for one and it says something new. */
  #statusWords(): readonly string[] {
    if (this.#phase.kind !== 'ready') return [];
    const nowMs = this.#parts.monotonic();
    if (this.#sample !== undefined && nowMs - this.#sample.atMs < statusEveryMs) return [];
    const { seq, text } = statusLine(this.#phase.status(), this.#sample, nowMs, nowMs - this.#movedAtMs);
    this.#sample = { seq, atMs: nowMs };
    if (text === this.#said) return [];
    this.#said = text;
    return [`STATUS=${text}`];
  }

  #tell(...words: readonly string[]): void {
    try {
      this.#notices?.send(words.map((word) => word.replaceAll(/[\r\n]+/g, ' ')).join('\n'));
      this.#isTroubled = false;
    } catch (error) {
      // Said once: what was not taken is said again at the next look, and a manager that is gone stays gone.
      if (!this.#isTroubled) this.#parts.logger.warn({ err: error }, 'the service manager could not be told how we are');
      this.#isTroubled = true;
      this.#said = '';
    }
  }
}

/** The watchdog's time, ms, if there is one and it is ours. */
export function watchdogOf(environment: NodeJS.ProcessEnv, pid: number): number | undefined {
  const micros = Number(environment['WATCHDOG_USEC']);
  const whose = environment['WATCHDOG_PID'] ?? String(pid);
  return whose === String(pid) && Number.isFinite(micros) && micros > 0 ? micros / 1000 : undefined;
}

/** Standing still for this long, ms, is worth a word: an idle writer moves five times a second. */
const stillMs = 2_500;

/** State, record and rate, in one line; what is wrong comes first. */
export function statusLine(
  status: Spoken, before: Sample | undefined, nowMs: number, idleMs: number,
): { readonly seq: number; readonly text: string } {
  const { state, head: { seq }, clients, queue, last_error: lastError } = status;
  const rate = before === undefined || nowMs <= before.atMs ? 0 : Math.round((seq - before.seq) * 1000 / (nowMs - before.atMs));
  const parts = [`record ${seq}`, `${rate} records/s`, `${clients} clients`, `${queue.events} events waiting`];
  if (idleMs >= stillMs) parts.unshift(`the disk has not answered for ${Math.round(idleMs / 1000)} s`);
  if (state !== 'ready') parts.push(`last error: ${lastError ?? 'none'}`);
  return { seq, text: `${state}: ${parts.join(', ')}` };
}
