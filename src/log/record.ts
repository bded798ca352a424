/**
 * One record, one line:
 *
 *   {"seq":N,"ts":"…","key":"E.J+",BODY,"prev":"<64 hex>","mac":"<64 hex>"}
 *
 * The writer knows the outer parts, the body is made before the line has a place. What is parsed here is the frame;
 * a body is opened only where somebody asks what it says. Every other spelling of the frame is refused.
 */
import { isMac, macTailBytes, noPrevious, quotedMac, splitTail } from '../chain/link.js';
import { parseTimestamp } from '../clock/clock.js';
import type { KeyName } from '../keys/name.js';
import { formatKeyName, parseKeyName } from '../keys/name.js';

/** A line at most, with its LF. */
export const lineBytesMax = 16 * 1024 * 1024;

/** The profile of the log's own records; no client may use it. */
export const ownProfile = 'indelible';

/** Bytes of `,"prev":"<64 hex>"`. */
const prevBytes = 74;
/** Where `"profile"` begins at the latest: seq, ts and key at their longest. */
const prefixBytesMax = 160;

/** The frame of a line, as it stands there. Nothing of it is known to be true before its MAC or its root was checked. */
export interface Frame {
  readonly seq: number;
  readonly ts: string;
  readonly tsMs: number;
  readonly key: KeyName;
  /** `E.J+`: more lines of this commit follow. */
  readonly open: boolean;
  readonly prev: string;
  readonly mac: string;
  /** What the MAC covers. */
  readonly covered: Buffer;
  /** From `"profile"` to before `,"prev"`. */
  readonly body: Buffer;
}

/** What stands before the bodies of one commit's lines, by the line's seq and whether more follow. */
export function prefixes(ts: string, key: KeyName): (seq: number, open: boolean) => string {
  const open = `,"ts":"${ts}","key":"${formatKeyName(key)}+",`;
  const closed = `,"ts":"${ts}","key":"${formatKeyName(key)}",`;
  return (seq, isOpen) => `{"seq":${seq}${isOpen ? open : closed}`;
}

/** What stands behind it, before the MAC's tail. */
export function formatPrev(mac: string): string {
  return `,"prev":"${mac}"`;
}

/** The size of what stands before the bodies of lines under a key, whose seqs have as many digits. */
interface PrefixSize {
  readonly key: KeyName | undefined;
  readonly from: number;
  readonly below: number;
  readonly bytes: number;
}

// That of the line before: the next one's is mostly the same.
let lastSize: PrefixSize = { key: undefined, from: 0, below: 0, bytes: 0 };

function prefixSize(seq: number, key: KeyName): PrefixSize {
  const digits = String(seq).length;
  return { key, from: 10 ** (digits - 1), below: 10 ** digits, bytes: prefixes(tsSample, key)(seq, true).length };
}

/** What a line in the middle of a commit takes, its LF included. */
export function lineBytes(seq: number, key: KeyName, bodyBytes: number): number {
  if (key !== lastSize.key || seq < lastSize.from || seq >= lastSize.below) lastSize = prefixSize(seq, key);
  return lastSize.bytes + bodyBytes + prevBytes + macTailBytes + 1;
}

/** Every `ts` has as many characters as this one. */
const tsSample = '2000-01-01T00:00:00.000Z';

const prefixForm = /^\{"seq":([1-9]\d{0,15}),"ts":"([^"]{24})","key":"([\d.]{3,33})(\+?)","profile":"/;

// What the line before said, whosever it was: neighbours are mostly of one commit, with its time and its key.
let lastTs = { text: '', ms: undefined as number | undefined };
let lastKey = { text: '', name: undefined as KeyName | undefined };

function msOf(text: string): number | undefined {
  if (text !== lastTs.text) lastTs = { text, ms: parseTimestamp(text) };
  return lastTs.ms;
}

function keyOf(text: string): KeyName | undefined {
  if (text !== lastKey.text) lastKey = { text, name: parseKeyName(text) };
  return lastKey.name;
}

/** Reads the frame of a line given without its LF; undefined for whatever `prefixes` and its companions would not write. */
export function parseFrame(line: Buffer): Frame | undefined {
  const tail = splitTail(line);
  const prefix = prefixForm.exec(line.toString('latin1', 0, prefixBytesMax));
  if (tail === undefined || prefix === null) return undefined;
  const [text, seqText, ts = '', keyText = '', plus] = prefix;
  const seq = Number(seqText);
  const tsMs = msOf(ts);
  const key = keyOf(keyText);
  const bodyStart = text.length - '"profile":"'.length;
  const bodyEnd = tail.covered.length - prevBytes;
  if (tsMs === undefined || key === undefined || !Number.isSafeInteger(seq) || bodyEnd < text.length) return undefined;
  const prev = quotedMac(line, bodyEnd, ',"prev":"', '"');
  if (prev === undefined) return undefined;
  const body = line.subarray(bodyStart, bodyEnd);
  return { seq, ts, tsMs, key, open: plus === '+', prev, mac: tail.mac, covered: tail.covered, body };
}

/** Where the chain stands: the last record's seq and mac; seq 0 and zeros before record 1. */
export interface Link {
  readonly seq: number;
  readonly mac: string;
}

export const logStart: Link = { seq: 0, mac: noPrevious };

/** Whether a value read from elsewhere has the shape of a link. */
export function isLink(value: unknown): value is Link {
  if (typeof value !== 'object' || value === null || !('seq' in value) || !('mac' in value)) return false;
  return Number.isSafeInteger(value.seq) && typeof value.mac === 'string' && isMac(value.mac);
}

const ownBody = Buffer.from(`"profile":"${ownProfile}","kind":"`);

/** Whether a body is one of the log's own records. */
export function isOwnBody(body: Buffer): boolean {
  return body.length > ownBody.length && body.compare(ownBody, 0, ownBody.length, 0, ownBody.length) === 0;
}
