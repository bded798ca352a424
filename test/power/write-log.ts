/**
 * What a recorded disk was sent, and what it holds if its power goes in the middle of it. A disk owes what was written before
 * a flush it has answered. Of what came behind the last flush it may have kept all, nothing, or some sectors and not
 * others: it has a cache, and empties it in what order it likes. A sector, of 512 or of 4096 bytes, is written whole or
 * not at all.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Random } from '../random.js';

const writeKind = 1;
const flushKind = 2;
const entryBytes = 16;
/** What a disk writes whole or not at all: on old ones and on newer ones. */
const sectorSizes = [512, 4096] as const;

/** A write, or a flush, which has no bytes. */
interface Entry {
  readonly isFlush: boolean;
  readonly offset: number;
  readonly bytes: Buffer;
  /** Length of the log behind this entry: by then it was sent, and not yet answered. */
  readonly end: number;
}

/** What becomes of the writes behind the last flush. */
export const fates = ['all', 'none', 'some'] as const;
export type Fate = (typeof fates)[number];

/** A recorder's log, read. An entry that is half written was never answered, and is left out. */
export function readWriteLog(path: string): Entry[] {
  const log = readFileSync(path);
  const entries: Entry[] = [];
  for (let at = 0; at + entryBytes <= log.length;) {
    const kind = log.readUInt32LE(at);
    const end = at + entryBytes + log.readUInt32LE(at + 4);
    if (kind !== writeKind && kind !== flushKind) throw new Error(`${path} has no entry at byte ${at}`);
    if (end > log.length) break;
    const offset = Number(log.readBigUInt64LE(at + 8));
    entries.push({ isFlush: kind === flushKind, offset, bytes: log.subarray(at + entryBytes, end), end });
    at = end;
  }
  return entries;
}

/** The moment power goes: behind `entries` of the log's entries, whose last ends at `position`. */
export interface Moment {
  readonly entries: number;
  readonly position: number;
  /** Writes that no flush covers. */
  readonly unflushed: number;
}

/** Of so many sectors behind the last flush, so many were kept. */
export interface Kept {
  readonly kept: number;
  readonly sectors: number;
}

/** An image on which the log is replayed, forwards only. */
export class Platter {
  readonly path: string;
  readonly #file: number;
  readonly #entries: readonly Entry[];
  #applied = 0;

  /** `path`: a copy of the image as it was before the first write. It is changed. */
  constructor(path: string, entries: readonly Entry[]) {
    this.path = path;
    this.#entries = entries;
    this.#file = openSync(path, 'r+');
  }

  /** Brings the image to what is owed behind so many entries. MUST NOT be asked for less than before. */
  advance(entries: number): Moment {
    const flush = this.#entries.slice(this.#applied, entries).findLastIndex(({ isFlush }) => isFlush);
    const owed = flush < 0 ? this.#applied : this.#applied + flush + 1;
    for (const entry of this.#entries.slice(this.#applied, owed)) put(this.#file, entry.offset, entry.bytes);
    this.#applied = owed;
    return { entries, position: this.#entries[entries - 1]?.end ?? 0, unflushed: entries - owed };
  }

  /** Puts on `path`, a copy of this image, what the disk kept of the writes behind the last flush. */
  keep(path: string, { entries }: Moment, fate: Fate, random: Random): Kept {
    const sectorBytes = random.pick(sectorSizes);
    const file = openSync(path, 'r+');
    let kept = 0;
    let sectors = 0;
    try {
      for (const { offset, bytes } of this.#entries.slice(this.#applied, entries)) {
        for (let at = 0; at < bytes.length; at += sectorBytes) {
          sectors += 1;
          if (fate === 'none' || (fate === 'some' && random.chance(0.5))) continue;
          put(file, offset + at, bytes.subarray(at, at + sectorBytes));
          kept += 1;
        }
      }
    } finally {
      closeSync(file);
    }
    return { kept, sectors };
  }

  close(): void {
    closeSync(this.#file);
  }
}

function put(file: number, offset: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at, offset + at);
}
