/**
 * The newest records of a log, as far as checks need them: from the daemon's memory where it lets us read, else from the
 * end of the newest segment. Nothing here is verified; what it says is worth an alarm and no proof.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ClientError } from '../client/client.js';
import { decodeHead, headReads, headSpanBytes } from '../log/head.js';
import { ownKind } from '../log/own.js';
import type { Frame } from '../log/record.js';
import { parseFrame } from '../log/record.js';
import type { Places } from '../log/segment.js';
import { parseSegmentName } from '../log/segment.js';
import type { Host } from './host.js';
import type { Reached, Talk } from './talk.js';

/** Where a record stands, and when it was made. */
export interface Moment {
  readonly seq: number;
  readonly tsMs: number;
}

/** What the last start promised, milliseconds. */
export interface Promised {
  readonly sealMs: number;
  readonly heartbeatMs: number;
}

/** What is undefined was not found among what was read. */
export interface Sight {
  readonly from: 'the daemon' | 'the log\'s files';
  readonly newest: Moment | undefined;
  readonly seal: Moment | undefined;
  /** The oldest record that a seal is due for: neither a seal nor a segment's header, and behind the newest seal. */
  readonly unsealed: Moment | undefined;
  readonly promised: Promised | undefined;
}

/** Read from the end of a segment, bytes. */
const endBytesMax = 4 * 1024 * 1024;

/** @throws whatever keeps this user or this machine from reading */
export async function look(reached: Reached, host: Host, places: Places): Promise<Sight> {
  if (reached.kind === 'answers') {
    try {
      return await askDaemon(reached.talk, reached.status.sealed_to);
    } catch (error) {
      if (!(error instanceof ClientError) || error.code !== 'forbidden') throw error;
    }
  }
  return readEnd(host, places);
}

async function askDaemon(talk: Talk, sealedTo: number): Promise<Sight> {
  const own = async (kind: string): Promise<Frame | undefined> => {
    const { records } = await talk.recent({ profile: 'indelible', kind, limit: 1 });
    return framesOf(records).at(-1);
  };
  const started = await own('started');
  const seal = await own('seal');
  // The seal itself is the record behind what it covers, and a segment's header may follow it.
  const behind = seal?.seq ?? sealedTo;
  const [newest] = framesOf((await talk.recent({ limit: 1 })).records);
  const first = [...framesOf((await talk.recent({ before: behind + 3, limit: 2 })).records)].reverse();
  return {
    from: 'the daemon', newest: newest === undefined ? undefined : momentOf(newest), seal: seal === undefined ? undefined : momentOf(seal),
    unsealed: firstUnsealed(first, behind), promised: promisedBy(started),
  };
}

async function readEnd(host: Host, places: Places): Promise<Sight> {
  const frames = await newestFrames(host, places);
  const kinds = frames.map((frame) => ownKind(frame.body));
  const sealAt = kinds.lastIndexOf('seal');
  // A segment's header follows a seal at once, so where it stands first, that seal was made then.
  const sealed = frames[sealAt] ?? (kinds[0] === 'segment' ? frames[0] : undefined);
  const newest = frames.at(-1);
  return {
    from: 'the log\'s files', newest: newest === undefined ? undefined : momentOf(newest),
    seal: sealed === undefined ? undefined : momentOf(sealed),
    unsealed: sealed === undefined ? undefined : firstUnsealed(frames, sealed.seq),
    promised: promisedBy(frames[kinds.lastIndexOf('started')]),
  };
}

/** The records at the end of the newest segment, oldest first, up to what the head says is durable. @throws Error */
export async function newestFrames(host: Host, places: Places): Promise<readonly Frame[]> {
  const head = await readHead(host, places);
  const names = (await host.list(places.log) ?? []).filter((name) => parseSegmentName(name) !== undefined);
  const name = head === undefined || head.segment === '' ? names.at(-1) : head.segment;
  if (name === undefined) return [];
  const path = join(places.log, name);
  const bytes = head?.bytes ?? (await host.stat(path))?.bytes ?? 0;
  const from = Math.max(0, bytes - endBytesMax);
  const text = (await host.readSpan(path, from, bytes - from))?.toString('latin1') ?? '';
  // Latin-1 keeps every byte; the first piece is whole only where the file begins.
  const lines = text.split('\n').slice(from === 0 ? 0 : 1, -1);
  return framesOf(lines, 'latin1');
}

async function readHead(host: Host, places: Places): Promise<{ readonly segment: string; readonly bytes: number } | undefined> {
  for (let tries = 1; tries <= headReads.max; tries += 1) {
    const slot = await host.readSpan(places.head, 0, headSpanBytes);
    const head = slot === undefined ? undefined : decodeHead(slot);
    if (head !== undefined) return head;
    await delay(headReads.pauseMs);
  }
  return undefined;
}

function framesOf(lines: readonly string[], encoding: BufferEncoding = 'utf8'): readonly Frame[] {
  return lines.map((line) => parseFrame(Buffer.from(line, encoding))).filter((frame) => frame !== undefined);
}

function momentOf({ seq, tsMs }: Frame): Moment {
  return { seq, tsMs };
}

/** The first record behind a seal that another seal is due for. */
function firstUnsealed(frames: readonly Frame[], sealSeq: number): Moment | undefined {
  const first = frames.find(({ seq, body }) => seq > sealSeq && ownKind(body) !== 'segment' && ownKind(body) !== 'seal');
  return first === undefined ? undefined : momentOf(first);
}

function promisedBy(started: Frame | undefined): Promised | undefined {
  if (started === undefined) return undefined;
  const { event } = JSON.parse(`{${started.body.toString('utf8')}}`) as { event?: { seal_ms?: unknown; heartbeat_ms?: unknown } };
  const { seal_ms: sealMs, heartbeat_ms: heartbeatMs } = event ?? {};
  return typeof sealMs === 'number' && typeof heartbeatMs === 'number' ? { sealMs, heartbeatMs } : undefined;
}
