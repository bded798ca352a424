/**
 * Whether anybody else has his hands on what this daemon writes: looked at about once a second, and the open segment before
 * every write. What can be made again from what the daemon itself knows is made again, and the log says so; whatever else is
 * the end. Invariant: nothing is written behind a change of the open segment, and nothing foreign is kept as ours.
 */
import { basename, join, relative } from 'node:path';
import type { Clock } from '../clock/clock.js';
import type { Disk, Entry } from '../disk/disk.js';
import { isSameFile } from '../disk/disk.js';
import { Fixture } from '../disk/slot.js';
import { LogError, shortageOr, tampered } from './failure.js';
import type { SegmentMeddling } from './open-file.js';
import { encodeLogPub } from './init.js';
import { keepPiece, confirmPieces } from './quarantine.js';
import type { Places } from './segment.js';
import type { Writer } from './writer.js';

/** How often everything is looked at, ms: with the tick that asks, within a second. */
const lookEveryMs = 700;
/** Who does the same again and again is recorded this often, ms. */
const repeatMs = 60_000;
/** Foreign bytes behind the last line that are put away; more are nobody's slip. */
const foreignBytesMax = 16 * 1024 * 1024;
const ownerBits = 0o700;

export interface WatchParts {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly places: Places;
  /** Throws if the lock is not ours any more: then what was found is another daemon's work, and none of our business. */
  readonly mustBeOurs: () => void;
  /** Told of every finding, as it is found. */
  readonly alarm: (finding: string) => void;
}

export class Watch {
  readonly #parts: WatchParts;
  readonly #writer: Writer;
  readonly #directories: readonly { readonly path: string; readonly self: Entry }[];
  readonly #fixtures: readonly Fixture[];
  #nextLook = Number.NEGATIVE_INFINITY;
  /** What the log does not say yet. */
  #owed: string[] = [];
  /** Names of the open segment at the last look. */
  #links = 1;
  readonly #saidAt = new Map<string, number>();

  /** `found`: what was found before anything was watched. */
  constructor(parts: WatchParts, writer: Writer, found: readonly string[] = []) {
    this.#parts = parts;
    this.#writer = writer;
    const { disk, places } = parts;
    // Held open for as long as the thread lives: none of them can be taken for another that has its number.
    const directories = [places.state, places.log, places.keys];
    this.#directories = directories.map((path) => ({ path, self: disk.describe(disk.open(path, 'read')) }));
    // The log itself says what log.pub should hold; nobody knows what the others did before they were read.
    const fixtures = [places.identity, places.salt].map((path) => Fixture.of(disk, path)).filter((one) => one !== undefined);
    this.#fixtures = [...fixtures, Fixture.holding(disk, places.logPub, encodeLogPub(writer.state.logPub))];
    for (const finding of found) this.#found(finding);
  }

  /** Whether the state directory is where and what it was: else nothing may be left there. */
  get isHome(): boolean {
    return this.#directories.every(({ path, self }) => {
      const entry = this.#parts.disk.entry(path);
      return entry !== undefined && isSameFile(entry, self);
    });
  }

  /** The open segment, before it is written to. @throws LogError `tampered` */
  beforeWrite(): void {
    const { segmentFile, state: { segment } } = this.#writer;
    const meddling = segment === undefined ? undefined : segmentFile?.meddling(segment.bytes);
    if (meddling !== undefined) this.#mendSegment(meddling);
  }

  /** Looks at everything, if it is time, and records what was found. @throws LogError */
  tick(): void {
    const { clock } = this.#parts;
    if (clock.monotonic() >= this.#nextLook) {
      this.#nextLook = clock.monotonic() + lookEveryMs;
      this.#look();
    }
    for (let finding = this.#owed[0]; finding !== undefined; finding = this.#owed[0]) {
      this.#writer.record('tamper_detected', { finding });
      this.#owed.shift();
    }
  }

  #look(): void {
    this.#lookAtDirectories();
    this.beforeWrite();
    const { segmentFile, anchor, link, state: { segment } } = this.#writer;
    // Said once: a backup made of hard links has one for as long as it is kept.
    const links = segmentFile?.links ?? 1;
    if (links > 1 && links !== this.#links) this.#found(`${segment?.name ?? ''} has a second name, under which it can be written to`);
    this.#links = links;
    for (const { name, slot } of anchor.slots) {
      const meddling = slot.meddling();
      if (meddling === undefined) continue;
      this.#remake(name, meddling, false, () => { slot.restore(meddling); });
    }
    for (const fixture of this.#fixtures) {
      const meddling = fixture.meddling();
      if (meddling === undefined) continue;
      this.#remake(relative(this.#parts.places.state, fixture.path), meddling, true, () => { fixture.restore(); });
    }
    const linkMeddling = link.meddling();
    if (linkMeddling !== undefined && segment !== undefined) {
      link.point(segment.name);
      this.#found(`log/audit.jsonl ${linkMeddling}; it leads to ${segment.name} again`);
    }
  }

  /** What was made for the daemon alone and cannot be written to any more is opened again, where that is in our hands. */
  #lookAtDirectories(): void {
    const { disk, places } = this.#parts;
    for (const { path, self } of this.#directories) {
      const name = path === places.state ? 'the state directory' : `${basename(path)}/`;
      const entry = disk.entry(path);
      if (entry === undefined || !isSameFile(entry, self)) {
        const how = entry === undefined ? 'gone from its place' : 'another';
        throw tampered('directory_moved', `${name} is ${how} (${path}): put it back, then start again`);
      }
      if ((entry.mode & ownerBits) !== ownerBits) {
        const mode = entry.mode.toString(8).padStart(4, '0');
        this.#remake(name, `made ${mode}`, false, () => { disk.setMode(path, entry.mode | ownerBits); });
      }
      if (!disk.isWritable(path)) {
        const advice = 'make it writable, then start again';
        throw new LogError('write_failed', 'read_only', `${name} cannot be written to any more (${path}): ${advice}`);
      }
    }
  }

  #remake(name: string, how: string, canWait: boolean, action: () => void): void {
    this.#parts.mustBeOurs();
    const was = { missing: 'gone', replaced: 'replaced', changed: 'changed' }[how] ?? how;
    try {
      action();
    } catch (error) {
      const failure = shortageOr(error, 'open', `no room to make ${name} again, which was ${was} by somebody else`);
      // A slot is what the next commit needs. All else can wait for room.
      if (failure.code === 'disk_full' && canWait) throw failure;
      throw tampered('file_changed', `${name} was ${was} by somebody else, and could not be made again: ${String(error)}`, error);
    }
    this.#found(`${name} was ${was} by somebody else; it was made again as it was`);
  }

  #mendSegment(meddling: SegmentMeddling): void {
    const { segmentFile, state: { segment, last } } = this.#writer;
    if (segmentFile === undefined || segment === undefined) return;
    this.#parts.mustBeOurs();
    switch (meddling) {
      case 'appended': this.#cutForeign(last.seq); return;
      case 'truncated':
        throw tampered('segment_truncated', `${segment.name} was cut short by somebody else, below its ${segment.bytes} bytes`);
      case 'unlinked':
      case 'renamed':
      case 'replaced': throw this.#rescued(meddling);
      default: meddling satisfies never;
    }
  }

  /** Only here is it known that these bytes are nobody's unacknowledged lines: the next start could not tell. */
  #cutForeign(lastSeq: number): void {
    const { disk, places } = this.#parts;
    const { segmentFile, state: { segment } } = this.#writer;
    if (segmentFile === undefined || segment === undefined) return;
    const bytes = (disk.entry(join(places.log, segment.name))?.bytes ?? 0) - segment.bytes;
    if (bytes > foreignBytesMax) throw tampered('segment_appended', `${segment.name}: ${bytes} bytes were written behind its end by somebody else`);
    let kept = '';
    disk.makeDirectory(places.quarantine);
    segmentFile.cut(segment.bytes, (foreign) => { kept = keepPiece(disk, places.quarantine, lastSeq + 1, foreign); });
    confirmPieces(disk, places.quarantine, [kept]);
    this.#found(`${bytes} bytes were written by somebody else behind record ${lastSeq} of ${segment.name}; they are kept as quarantine/${kept}`);
  }

  /**
   * The name leads elsewhere, the lines are still in our hands: they get a new file of the old name. Nothing is written to
   * it before a start has checked all of it, so this is the end all the same.
   */
  #rescued(meddling: 'unlinked' | 'renamed' | 'replaced'): LogError {
    const { segmentFile, state: { segment } } = this.#writer;
    const name = segment?.name ?? '';
    const finding = `segment_${meddling}`;
    const message = `${name}, the open segment, was ${meddling} by somebody else`;
    try {
      if (!this.isHome) throw new Error('its directory is not where it was');
      if (meddling === 'replaced') this.#putAside(name);
      segmentFile?.rescue(segment?.bytes ?? 0);
    } catch (error) {
      return tampered(finding, `${message}, and could not be made again: ${String(error)}`, error);
    }
    return new LogError('write_failed', finding, `${message}; what it held was written to a new file of its name, which the next start checks`);
  }

  #putAside(name: string): void {
    const { disk, places } = this.#parts;
    disk.makeDirectory(places.quarantine);
    const taken = new Set(disk.list(places.quarantine));
    let n = 1;
    while (taken.has(`${name}-${n}`)) n += 1;
    disk.rename(join(places.log, name), join(places.quarantine, `${name}-${n}`));
  }

  /** To be recorded at the next opportunity, and said at once. */
  #found(finding: string): void {
    const now = this.#parts.clock.monotonic();
    if (now - (this.#saidAt.get(finding) ?? Number.NEGATIVE_INFINITY) < repeatMs) return;
    this.#saidAt.set(finding, now);
    this.#owed.push(finding);
    this.#parts.alarm(finding);
  }
}
