/**
 * What becomes of the log while room runs out: `enough`, `low`, `full`, and back. Each step down is recorded once and not
 * again before there was clearly enough. Invariant: while the disk is full nobody's events are written, so that what the
 * reserve gave is there for the log's own last words, however often clients try; and once there is room again, the reserve
 * comes before them.
 */
import type { Clock } from '../clock/clock.js';
import { type Disk, type Space, errorCode } from '../disk/disk.js';
import { LogError, isPutOff, reasonOf } from './failure.js';
import type { Reserve } from './reserve.js';
import type { Writer } from './writer.js';

/** How often the free space is looked at, ms. */
const lookEveryMs = 1_000;
/** Two times full within this are one trouble that comes back, ms; and how long at most until it is tried again. */
const relapseMs = 60_000;
const waitMsMax = 60_000;
/** After a reserve that could not be made, how long until it is tried again, ms. */
const reserveRetryMs = 10_000;

/** Where the disk stands. */
export type DiskLevel = 'enough' | 'low' | 'full';

type Phase =
  | { readonly kind: 'enough' }
  /** `isRecorded`: the log says so. */
  | { readonly kind: 'low'; readonly isRecorded: boolean }
  /** `freeBytes` when it was found; `owed`: what the log is still to say of it. `wasLow`: it said that it was low. */
  | { readonly kind: 'full'; readonly freeBytes: number; readonly owed: 'record' | 'seal' | 'nothing'; readonly wasLow: boolean };

export interface LadderParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly state: string;
  readonly reserve: Reserve;
  /** Below so many free bytes the disk is low. */
  readonly lowBytes: number;
  /** Told of every step, with what a person should know. */
  readonly stepped: (level: DiskLevel, message: string) => void;
  readonly notice: (message: string) => void;
}

export class DiskLadder {
  readonly #parts: LadderParts;
  #phase: Phase = { kind: 'enough' };
  #nextLook = Number.NEGATIVE_INFINITY;
  /** When the disk was last found full, and how long it then counts as full whatever it says. */
  #fellAt = Number.NEGATIVE_INFINITY;
  #waitMs = 0;
  #reserveNotBefore = Number.NEGATIVE_INFINITY;
  /** Why it counts as full, as far as it is known: what is free, or with what the reserve was refused. */
  #fullBy = '';
  /** Said once each. */
  #isReserveMissed = false;
  #isSpaceUnknown = false;

  constructor(parts: LadderParts) {
    this.#parts = parts;
  }

  get isFull(): boolean {
    return this.#phase.kind === 'full';
  }

  /** The first look, at a start. What finds no room for its record is owed, and tried at the next. @throws LogError */
  begin(writer: Writer): void {
    try {
      if (this.#parts.reserve.isGiven) this.fall(writer);
      else this.tick(writer);
    } catch (error) {
      if (!isPutOff(error)) throw error;
    }
  }

  /** Whether events may be written: on a full disk, if there is room again. @throws LogError `disk_full` if not */
  admit(writer: Writer): void {
    if (this.#phase.kind !== 'full' || this.#climb(writer)) return;
    throw new LogError('disk_full', 'write', `the disk that holds ${this.#parts.state} is full (${this.#fullBy}); nothing of this was written`);
  }

  /** The disk took no more, as `cause` says: gives the reserve's room to what the log has to say. @throws LogError */
  fall(writer: Writer, cause?: unknown): void {
    if (this.#phase.kind === 'full') return;
    const { clock, stepped } = this.#parts;
    const now = clock.monotonic();
    this.#waitMs = now - this.#fellAt < relapseMs ? Math.min(waitMsMax, Math.max(lookEveryMs, this.#waitMs * 2)) : 0;
    this.#fellAt = now;
    const freeBytes = this.#space()?.freeBytes ?? 0;
    const wasLow = this.#phase.kind === 'low' && this.#phase.isRecorded;
    this.#phase = { kind: 'full', freeBytes, owed: 'record', wasLow };
    const code = errorCode(cause);
    this.#fullBy = `${code === undefined ? '' : `${code}, `}${freeBytes} bytes are free`;
    stepped('full', `the disk is full (${this.#fullBy}): appends are answered disk_full until there is room; ` +
      'everything that was acknowledged is there, and can be read');
    this.#giveReserve();
    this.#pay(writer);
  }

  /** A look at the free space, if it is time. @throws LogError */
  tick(writer: Writer): void {
    const { clock, reserve } = this.#parts;
    if (clock.monotonic() < this.#nextLook) return;
    this.#nextLook = clock.monotonic() + lookEveryMs;
    if (this.#phase.kind === 'full') {
      this.#pay(writer);
      this.#climb(writer);
      return;
    }
    const space = this.#space();
    if (space === undefined) return;
    if (!reserve.isThere && reserve.hasRoom(space)) this.#makeReserve();
    else if (!reserve.isThere) this.#missReserve(`${space.freeBytes} bytes are free`);
    this.#measure(writer, space.freeBytes);
  }

  /** Low, or clearly enough; between the two it stays what it was. */
  #measure(writer: Writer, freeBytes: number): void {
    const { lowBytes, stepped } = this.#parts;
    if (this.#phase.kind === 'enough' && freeBytes < lowBytes) {
      this.#phase = { kind: 'low', isRecorded: false };
      stepped('low', `the disk is low: ${freeBytes} bytes are free, less than INDELIBLE_DISK_LOW_BYTES (${lowBytes})`);
    }
    if (this.#phase.kind !== 'low') return;
    // A quarter more, so that a disk that hovers about the limit is not a record every second.
    if (freeBytes >= lowBytes + lowBytes / 4) {
      this.#phase = { kind: 'enough' };
      stepped('enough', `the disk has room again: ${freeBytes} bytes are free`);
    } else if (!this.#phase.isRecorded) {
      writer.record('disk_low', { free_bytes: freeBytes });
      this.#phase = { kind: 'low', isRecorded: true };
    }
  }

  /** What the log owes its readers, as far as there is room for it. @throws LogError */
  #pay(writer: Writer): void {
    if (this.#phase.kind !== 'full') return;
    if (this.#phase.owed === 'record') {
      writer.record('disk_full', { free_bytes: this.#phase.freeBytes });
      this.#phase = { ...this.#phase, owed: 'seal' };
    }
    if (this.#phase.owed === 'seal') {
      writer.seal();
      this.#phase = { ...this.#phase, owed: 'nothing' };
    }
  }

  /** From full to what there is now; false if it is still full. @throws LogError */
  #climb(writer: Writer): boolean {
    const { clock, reserve, stepped } = this.#parts;
    if (this.#phase.kind !== 'full' || clock.monotonic() - this.#fellAt < this.#waitMs) return false;
    const space = this.#space();
    if (space === undefined || clock.monotonic() < this.#reserveNotBefore) return false;
    if (!reserve.hasRoom(space)) {
      this.#fullBy = `${space.freeBytes} bytes and ${space.freeFiles} files are free`;
      return false;
    }
    // What a filesystem says of its free space knows no quota. Only what was written is there.
    if (!this.#makeReserve()) return false;
    this.#pay(writer);
    this.#phase = this.#phase.wasLow ? { kind: 'low', isRecorded: true } : { kind: 'enough' };
    stepped(this.#phase.kind, `the disk has room again: ${space.freeBytes} bytes are free; what is sent is recorded`);
    this.#measure(writer, space.freeBytes);
    return true;
  }

  /** Undefined where the disk does not say; it is asked again. */
  #space(): Space | undefined {
    try {
      return this.#parts.disk.space(this.#parts.state);
    } catch (error) {
      if (!this.#isSpaceUnknown) this.#parts.notice(`how much room is left cannot be told: ${String(error)}`);
      this.#isSpaceUnknown = true;
      return undefined;
    }
  }

  #makeReserve(): boolean {
    const { clock, reserve } = this.#parts;
    if (clock.monotonic() < this.#reserveNotBefore) return false;
    try {
      reserve.make();
      this.#isReserveMissed = false;
      return true;
    } catch (error) {
      this.#reserveNotBefore = clock.monotonic() + (this.isFull ? lookEveryMs : reserveRetryMs);
      this.#fullBy = reasonOf(error);
      this.#missReserve(this.#fullBy);
      return false;
    }
  }

  #giveReserve(): void {
    try {
      this.#parts.reserve.give();
    } catch (error) {
      this.#parts.notice(`the reserve's room could not be given: ${String(error)}`);
    }
  }

  #missReserve(why: string): void {
    if (!this.#isReserveMissed) {
      this.#parts.notice(`the reserve of ${this.#parts.reserve.bytes} bytes could not be made, and is tried again: ${why}`);
    }
    this.#isReserveMissed = true;
  }
}
