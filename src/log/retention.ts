/**
 * Retention: the oldest closed segment goes when its own header allows it, one at a time and never the open one. A step of
 * it is taken on the writer's thread between two requests, and each is short.
 *
 * One removal, in this order and no other:
 *
 *   check the segment · retired.jsonl · `segment_removed` · head and keys · unlink · sync the directory
 *
 * Check first: retention would otherwise make an edit vanish. `retired.jsonl` before the record: a start that reads the
 * record finishes the removal, and would take away a segment that nothing stands for. The record before the unlink: a
 * segment that is gone without it is a theft. Head and keys before the unlink: after a loss of power an older head could name
 * a segment that is gone, and the log would be refused. The directory before the next removal: a segment that comes back
 * with the power, while one behind it is gone, is a gap.
 */
import type { Clock } from '../clock/clock.js';
import type { Disk } from '../disk/disk.js';
import { errorCode } from '../disk/disk.js';
import { removeIfThere } from '../disk/write.js';
import type { SoundSegment } from './closed-segment.js';
import { SegmentReading } from './closed-segment.js';
import { isPutOff, shortageOr } from './failure.js';
import type { HeldSegment, Holdings } from './holdings.js';
import type { ObservedTime } from './observed.js';
import type { Retain } from './own.js';
import type { RetiredEnd } from './retired-file.js';
import { appendRetired, findRetiredEnd } from './retired-file.js';
import type { Places } from './segment.js';
import { segmentFile } from './segment.js';
import type { Writer } from './writer.js';

/** Read in one tick at most, bytes; and how long before no further step is taken in it, ms. Requests wait meanwhile. */
const tickBytesMax = 8 * 1024 * 1024;
const tickMsMax = 50;
/** Read between two looks at the clock, bytes. */
const stepBytes = 1024 * 1024;
/** What the half dozen syncs of one removal count for, as if they were bytes read. */
const removalBytes = 512 * 1024;
/** After something that could not be done, how long until it is tried again. */
const retryMs = 10_000;

/** Where retention is. Only in `idle` is a segment chosen. */
type Phase =
  | { readonly kind: 'idle' }
  | { readonly kind: 'reading'; readonly segment: HeldSegment; readonly reading: SegmentReading }
  /** Sound, and still to be removed. */
  | { readonly kind: 'read'; readonly segment: HeldSegment; readonly sound: SoundSegment; readonly closedForMs: number }
  /** The log says that it is removed; the file is still there, or its name may be. */
  | { readonly kind: 'recorded'; readonly segment: HeldSegment }
  /** Not what was recorded, and the log does not say so yet. */
  | { readonly kind: 'bad'; readonly finding: string }
  /** Until the next start. */
  | { readonly kind: 'stopped' };

/** What retention works with. */
export interface RetentionParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly places: Places;
  readonly holdings: Holdings;
  readonly observed: ObservedTime;
  /** The log says of the oldest segment that it is removed. */
  readonly recorded: boolean;
  /** Told what a person should know. */
  readonly notice: (message: string) => void;
}

export class Retention {
  readonly #parts: RetentionParts;
  #retired: RetiredEnd;
  #phase: Phase;
  /** Nothing is tried again before. */
  #notBefore = Number.NEGATIVE_INFINITY;
  /** It was said that a file will not go. */
  #isStuck = false;

  constructor(parts: RetentionParts) {
    this.#parts = parts;
    const { disk, places, holdings, observed, notice } = parts;
    const [oldest, second] = holdings.closed;
    this.#phase = parts.recorded && oldest !== undefined ? { kind: 'recorded', segment: oldest } : { kind: 'idle' };
    const { first = 1 } = (this.#phase.kind === 'recorded' ? second : oldest) ?? holdings.open ?? {};
    this.#retired = findRetiredEnd(disk, places, segmentFile(places.log, first));
    this.#noteClosed();
    if (observed.resumed === 'lost') {
      notice('the file retention is not as this daemon wrote it: how long closed segments were watched is counted anew, from 0');
    } else if (observed.resumed === 'absent' && holdings.closed.some(({ retain }) => retain.ms > 0)) {
      notice('the file retention is missing: how long closed segments were watched is counted anew, from 0');
    }
  }

  /** A short step: at most some reading and the removals that it makes possible. @throws LogError */
  tick(writer: Writer): void {
    const { clock } = this.#parts;
    this.#follow(writer);
    this.#save();
    const began = clock.monotonic();
    if (began < this.#notBefore) return;
    this.#parts.holdings.readAgain();
    let left = tickBytesMax;
    while (left > 0 && clock.monotonic() - began <= tickMsMax) {
      const { kind } = this.#phase;
      if (!this.#step(writer)) return;
      left -= kind === 'reading' ? stepBytes : kind === 'recorded' ? removalBytes : 0;
      this.#follow(writer);
    }
  }

  /** Writes down what was observed and lets go of the file. @throws LogError */
  stop(): void {
    if (this.#phase.kind === 'reading') this.#phase.reading.close();
    this.#phase = { kind: 'stopped' };
    if (this.#isTimeKept()) this.#parts.observed.save();
  }

  #follow(writer: Writer): void {
    this.#parts.holdings.follow(writer.state.segment);
    this.#noteClosed();
  }

  #noteClosed(): void {
    const { holdings, observed } = this.#parts;
    const newest = holdings.closed.at(-1);
    if (newest !== undefined) observed.close(newest.first);
  }

  /** Takes one step; false if there is nothing to do now. */
  #step(writer: Writer): boolean {
    const phase = this.#phase;
    switch (phase.kind) {
      case 'idle': return this.#choose(writer);
      case 'reading': return this.#read(phase.segment, phase.reading);
      case 'read': return this.#attempt(() => this.#record(writer, phase));
      case 'recorded': return this.#attempt(() => this.#remove(writer, phase.segment));
      case 'bad': return this.#attempt(() => {
        writer.record('tamper_detected', { finding: phase.finding });
        this.#phase = { kind: 'stopped' };
        return true;
      });
      case 'stopped': return false;
      default: return phase satisfies never;
    }
  }

  /** Puts the next attempt off if this one found no room. */
  #attempt(action: () => boolean): boolean {
    try {
      return action();
    } catch (error) {
      if (isPutOff(error)) this.#putOff();
      throw error;
    }
  }

  #putOff(): void {
    this.#notBefore = this.#parts.clock.monotonic() + retryMs;
  }

  /** Whether time alone may remove anything that is there: only then is it worth a file. */
  #isTimeKept(): boolean {
    return this.#parts.holdings.closed.some(({ retain }) => retain.ms > 0);
  }

  #save(): void {
    if (this.#isTimeKept()) this.#parts.observed.saveIfDue();
  }

  #isDue({ first, bytes, retain }: HeldSegment): boolean {
    const { holdings, observed } = this.#parts;
    if (retain.bytes > 0 && holdings.bytes - bytes >= retain.bytes) return true;
    return retain.ms > 0 && observed.closedForMs(first) >= retain.ms;
  }

  #choose(writer: Writer): boolean {
    const { disk, places, holdings } = this.#parts;
    const [segment, second] = holdings.closed;
    const next = second ?? holdings.open;
    // A segment is closed for good when the next one has its header.
    if (segment === undefined || next === undefined || holdings.open?.bytes === 0 || !this.#isDue(segment)) return false;
    const around = { log: writer.state, before: this.#retired, next: segmentFile(places.log, next.first) };
    try {
      this.#phase = { kind: 'reading', segment, reading: new SegmentReading(disk, segment, around) };
    } catch (error) {
      this.#unreadable(segment, error);
    }
    return true;
  }

  #read(segment: HeldSegment, reading: SegmentReading): boolean {
    const { observed } = this.#parts;
    let isOver = true;
    try {
      const outcome = reading.read(stepBytes);
      isOver = outcome.kind !== 'more';
      if (outcome.kind === 'sound' && !isSame(outcome.sound.retain, segment.retain)) {
        this.#stopFor(`${segment.name}: what its header allows was changed and changed back`);
      } else if (outcome.kind === 'sound') {
        this.#phase = { kind: 'read', segment, sound: outcome.sound, closedForMs: observed.closedForMs(segment.first) };
      } else if (outcome.kind === 'bad') {
        this.#stopFor(outcome.finding);
      }
    } catch (error) {
      this.#unreadable(segment, error);
    } finally {
      if (isOver) reading.close();
    }
    return true;
  }

  #stopFor(finding: string): void {
    this.#parts.notice(`retention stops: ${finding}. The segment is not what was recorded and is left as it is: run indelible verify`);
    this.#phase = { kind: 'bad', finding: `retention: ${finding}` };
  }

  /** A file that cannot be read says nothing about the log; without reading it, it is not removed. */
  #unreadable(segment: HeldSegment, error: unknown): void {
    if (errorCode(error) === undefined) throw error;
    this.#parts.notice(`retention stops until the next start: ${segment.name} cannot be read: ${String(error)}`);
    this.#phase = { kind: 'stopped' };
  }

  /** What is written down before a segment may go. */
  #record(writer: Writer, { segment, sound, closedForMs }: Extract<Phase, { readonly kind: 'read' }>): boolean {
    const { disk, places } = this.#parts;
    // What is owed comes first: a header, a step of the clock, a rotation. Nothing may come between the next two.
    writer.prepare();
    const bytes = appendRetired(disk, places, this.#retired, sound.entries);
    writer.record('segment_removed', {
      segment: segment.name, first: segment.first, last: sound.last.seq, bytes: sound.bytes, sha256: sound.sha256,
      observed_ms: closedForMs,
    });
    this.#retired = { bytes, last: sound.last, nextVkey: sound.nextVkey };
    this.#phase = { kind: 'recorded', segment };
    return true;
  }

  /** False if the file will not go; it is tried again. */
  #remove(writer: Writer, segment: HeldSegment): boolean {
    const { disk, places, holdings, observed, notice } = this.#parts;
    writer.secure();
    try {
      removeIfThere(disk, segment.path);
    } catch (error) {
      if (errorCode(error) === undefined) throw error;
      if (!this.#isStuck) notice(`${segment.name} is removed from the log and its file will not go; it is tried again: ${String(error)}`);
      this.#isStuck = true;
      this.#putOff();
      return false;
    }
    try {
      disk.syncDirectory(places.log);
    } catch (error) {
      throw shortageOr(error, 'fsync', `no room to remove ${segment.name}`);
    }
    this.#isStuck = false;
    holdings.drop();
    observed.forget(segment.first);
    this.#phase = { kind: 'idle' };
    return true;
  }
}

function isSame(a: Retain, b: Retain): boolean {
  return a.bytes === b.bytes && a.ms === b.ms;
}
