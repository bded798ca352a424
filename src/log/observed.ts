/**
 * How long the daemon has watched, and since when each segment is closed on that scale: what retention by time goes by. It
 * counts the time that the daemon ran or, within one boot, could see on the monotonic clock afterwards; the wall clock has
 * no part in it, so that setting it removes nothing.
 *
 * Kept in `<state>/retention` over restarts, one line under a key that lies in `keys/`: who writes files without that key
 * must not make the daemon throw old segments away before their time. Invariant: whatever is lost, damaged or doubtful
 * makes a segment younger, never older.
 *
 *   {"v":1,"observed_ms":N,"boot_id":"…","monotonic_ms":N,"closed":[[seq,ms],…],"mac":"<64 hex>"}
 */
import type { Clock } from '../clock/clock.js';
import type { Disk } from '../disk/disk.js';
import { shortageOr } from './failure.js';
import { KeyedFile } from './keyed-file.js';

/** Closings kept at most: what the file takes, and what a look at it costs. */
const closingsMax = 4096;
/** The file at most: every closing with its longest numbers, and the rest of the line. */
const fileBytesMax = closingsMax * 40 + 1024;
/** How often the file is written while nothing else makes it due. */
const saveEveryMs = 60_000;

/** Every segment whose first record is not behind `first` was closed when `observedMs` had been observed, or before. */
export interface Closing {
  readonly first: number;
  readonly observedMs: number;
}

/** What the file says, in its own words and order. All in whole ms. */
interface Observation {
  /** The daemon's whole life, as far as it was observed. */
  readonly observed_ms: number;
  readonly boot_id: string;
  /** The monotonic clock at that moment; means something within the boot only. */
  readonly monotonic_ms: number;
  /** `first` and `observedMs` of each closing, ascending in both. */
  readonly closed: readonly (readonly [number, number])[];
}

/** What was found of earlier observation: `absent` and `lost` begin anew, `other_boot` goes on without the time in between. */
export type Resumed = 'same_boot' | 'other_boot' | 'absent' | 'lost';

export class ObservedTime {
  readonly resumed: Resumed;
  readonly #clock: Clock;
  readonly #file: KeyedFile<Observation>;
  readonly #bootId: string;
  /** Observed when the monotonic clock stood at `#sinceMs`. */
  readonly #beforeMs: number;
  readonly #sinceMs: number;
  #closed: Closing[];
  #savedMs: number | undefined;

  /** Goes on from the file at `path`, if there is one and it is this log's. `bootId` empty: no boot is known to be this one. */
  constructor(disk: Disk, clock: Clock, path: string, identitySeed: Uint8Array, bootId: string) {
    this.#clock = clock;
    this.#file = new KeyedFile(disk, path, identitySeed, 'indelible retention', fileBytesMax);
    this.#bootId = bootId;
    const kept = this.#file.read();
    const stored = typeof kept === 'string' ? undefined : kept;
    this.#closed = stored?.closed.map(([first, observedMs]) => ({ first, observedMs })) ?? [];
    this.#beforeMs = stored?.observed_ms ?? 0;
    this.#sinceMs = clock.monotonic();
    // A clock behind the stored one is not that of the boot it says: a machine that was put back to an earlier state.
    const isSameBoot = stored !== undefined && bootId !== '' && stored.boot_id === bootId && stored.monotonic_ms <= this.#sinceMs;
    if (isSameBoot) this.#sinceMs = stored.monotonic_ms;
    this.resumed = typeof kept === 'string' ? kept : isSameBoot ? 'same_boot' : 'other_boot';
  }

  /** Observed up to now, whole ms. */
  get totalMs(): number {
    return this.#beforeMs + Math.max(0, Math.floor(this.#clock.monotonic() - this.#sinceMs));
  }

  /** Notes that the segment that begins with record `first` is closed, now at the latest; a second time changes nothing. */
  close(first: number): void {
    const newest = this.#closed.at(-1);
    if (newest !== undefined && newest.first >= first) return;
    this.#closed.push({ first, observedMs: this.totalMs });
    // Half of them go, every second one, the newest stays: a segment is then counted as closed with the one behind it.
    const { length } = this.#closed;
    if (length > closingsMax) this.#closed = this.#closed.filter((_, index) => (length - index) % 2 === 1);
    this.#savedMs = undefined;
  }

  /** How long the daemon has watched the segment that begins with record `first` lie closed, whole ms. */
  closedForMs(first: number): number {
    const closing = this.#closed.find((candidate) => candidate.first >= first);
    return closing === undefined ? 0 : Math.max(0, this.totalMs - closing.observedMs);
  }

  /** The segment is gone. */
  forget(first: number): void {
    this.#closed = this.#closed.filter((closing) => closing.first > first);
  }

  /** Writes the file if a segment was closed since, or a minute has passed. @throws LogError */
  saveIfDue(): void {
    if (this.#savedMs === undefined || this.#clock.monotonic() - this.#savedMs >= saveEveryMs) this.save();
  }

  /** @throws LogError `disk_full`, and the file is the old one, or `write_failed` */
  save(): void {
    const observation: Observation = {
      observed_ms: this.totalMs, boot_id: this.#bootId, monotonic_ms: Math.floor(this.#clock.monotonic()),
      closed: this.#closed.map(({ first, observedMs }) => [first, observedMs]),
    };
    // Before the attempt: one that finds no room is not made again at every look.
    this.#savedMs = this.#clock.monotonic();
    try {
      this.#file.write(observation);
    } catch (error) {
      throw shortageOr(error, 'retention', 'no room for the observed time');
    }
  }
}
