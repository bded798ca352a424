/**
 * The log's own records: what it says about itself. Parsed back are those that have an effect on how a log is read (`genesis`,
 * `segment`, `seal`, `segment_removed`), the pieces in `recovered` and the heartbeat in `started`; each only in the spelling
 * that it was written in.
 */
import { parseVkey } from '../checkpoint/note.js';
import type { Verifier } from '../checkpoint/note.js';
import { Frontier } from '../checkpoint/merkle.js';
import { originForm } from '../keys/verification.js';
import type { Link } from './record.js';
import { ownProfile, isLink } from './record.js';

/** The only format there is. */
export const formatVersion = 1;

/** Under which conditions a segment may be removed; 0: not for this reason. */
export interface Retain {
  readonly bytes: number;
  readonly ms: number;
}

/** Identity vkey and epoch-0 vkey. */
export type LogPub = readonly [string, string];

/** Whose log this continues. */
export interface Previous extends Link {
  readonly origin: string;
}

/** Record 1. */
export interface Genesis {
  readonly format: typeof formatVersion;
  readonly origin: string;
  readonly log_pub: LogPub;
  readonly retain: Retain;
  readonly created: string;
  readonly previous: Previous | null;
}

/** First line of every later segment; `frontier` in base64, tallest subtree first. */
export interface SegmentHeader {
  readonly format: typeof formatVersion;
  readonly origin: string;
  readonly genesis: string;
  readonly log_pub: LogPub;
  readonly retain: Retain;
  readonly first: number;
  readonly tree_size: number;
  readonly frontier: readonly string[];
  readonly epoch_vkey: string;
}

/** The end of an epoch; both notes are in `checkpoint/seal`. */
export interface SealEvent {
  readonly epoch: number;
  readonly size: number;
  readonly root: string;
  readonly seal: string;
  readonly checkpoint: string;
}

/** Bytes taken off a torn tail, and where they are now. */
export interface TornPiece {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Before a segment is removed. */
export interface SegmentRemoved {
  readonly segment: string;
  readonly first: number;
  readonly last: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly observed_ms: number;
}

/** Everything the log may say of itself, by kind. Keys are written in the order they have here. */
export interface OwnEvents {
  readonly genesis: Genesis;
  readonly segment: SegmentHeader;
  readonly seal: SealEvent;
  readonly started: {
    readonly version: string;
    readonly boot_id: string;
    readonly sync: string;
    readonly head_sync: string;
    readonly seal_ms: number;
    readonly heartbeat_ms: number;
    readonly listeners: readonly string[];
    readonly clean: boolean;
    readonly after: Link;
  };
  readonly recovered: { readonly head: Link; readonly adopted: number; readonly torn: readonly TornPiece[] };
  readonly stopped: { readonly reason: string };
  /** `of` is the source the events came from, as JSON. */
  readonly gap: { readonly reason: string; readonly count: number; readonly of: unknown };
  readonly segment_removed: SegmentRemoved;
  readonly clock_stepped: { readonly delta_ms: number };
  readonly disk_low: { readonly free_bytes: number };
  readonly disk_full: { readonly free_bytes: number };
  readonly write_failed: { readonly call: string; readonly errno: string };
  readonly tamper_detected: { readonly finding: string };
}

export type OwnKind = keyof OwnEvents;

/** The body of one of the log's own records. */
export function ownBody<Kind extends OwnKind>(kind: Kind, event: OwnEvents[Kind], pid: number): Buffer {
  const source = `{"listener":"self","pid":${pid}}`;
  return Buffer.from(`"profile":"${ownProfile}","kind":"${kind}","source":${source},"event":${JSON.stringify(event)}`);
}

const ownBodyForm = /^"profile":"indelible","kind":"([a-z_]+)","source":\{"listener":"self","pid":(0|[1-9]\d{0,15})\},"event":(\{.*\})$/s;

/** The kind of an own body, or undefined if it is none or not as `ownBody` writes it. */
export function ownKind(body: Buffer): string | undefined {
  return ownBodyForm.exec(body.toString('utf8'))?.[1];
}

type Fields = Readonly<Record<string, unknown>>;

/** More than a segment's first line ever takes, bytes: two keys, 53 hashes and three names of 150 characters. */
export const firstLineBytesMax = 16 * 1024;

/** The event of a genesis or header. A body that is too long for one is not even parsed: nobody has vouched for it yet. */
function firstEvent(body: Buffer, kind: 'genesis' | 'segment'): Fields | undefined {
  return body.length > firstLineBytesMax ? undefined : ownEvent(body, kind);
}

/** The event of an own body, if its text is the one spelling of its value. */
function ownEvent(body: Buffer, kind: OwnKind): Fields | undefined {
  const [, found, , text = ''] = ownBodyForm.exec(body.toString('utf8')) ?? [];
  if (found !== kind) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) && JSON.stringify(value) === text ? value : undefined;
  } catch {
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function hasKeys(value: Fields, keys: readonly string[]): boolean {
  return Object.keys(value).join() === keys.join();
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isRetain(value: unknown): value is Retain {
  return isFields(value) && hasKeys(value, ['bytes', 'ms']) && isCount(value['bytes']) && isCount(value['ms']);
}

function isLogPub(value: unknown): value is LogPub {
  return Array.isArray(value) && value.length === 2 && value.every((vkey) => typeof vkey === 'string' && parseVkey(vkey) !== undefined);
}

function isPrevious(value: unknown): value is Previous | null {
  if (value === null) return true;
  return isFields(value) && hasKeys(value, ['origin', 'seq', 'mac']) && isOrigin(value['origin']) && isLink(value);
}

function isOrigin(value: unknown): value is string {
  return typeof value === 'string' && originForm.test(value);
}

/** The format that a genesis or header names, if it names one; any other than `formatVersion` is for another version to read. */
export function formatOf(body: Buffer): number | undefined {
  const format = firstEvent(body, 'genesis')?.['format'] ?? firstEvent(body, 'segment')?.['format'];
  return typeof format === 'number' ? format : undefined;
}

/** Record 1's event, or undefined if the body is not a genesis to the letter. */
export function parseGenesis(body: Buffer): Genesis | undefined {
  const event = firstEvent(body, 'genesis');
  if (event === undefined || !hasKeys(event, ['format', 'origin', 'log_pub', 'retain', 'created', 'previous'])) return undefined;
  const { format, origin, log_pub, retain, created, previous } = event as Record<keyof Genesis, unknown>;
  if (format !== formatVersion || !isOrigin(origin) || !isLogPub(log_pub) || !isRetain(retain)) return undefined;
  return typeof created === 'string' && isPrevious(previous) ? { format, origin, log_pub, retain, created, previous } : undefined;
}

/** A header with its frontier as a tree that can go on, and its epoch's verifier. */
export interface ReadHeader extends SegmentHeader {
  readonly tree: Frontier;
  readonly verifier: Verifier;
}

const headerKeys = ['format', 'origin', 'genesis', 'log_pub', 'retain', 'first', 'tree_size', 'frontier', 'epoch_vkey'];

/** A later segment's first event, or undefined if the body is not a header to the letter. */
export function parseHeader(body: Buffer): ReadHeader | undefined {
  const event = firstEvent(body, 'segment');
  if (event === undefined || !hasKeys(event, headerKeys)) return undefined;
  const fields = event as Record<keyof SegmentHeader, unknown>;
  const { format, origin, genesis, log_pub, retain, first, tree_size, frontier, epoch_vkey } = fields;
  if (format !== formatVersion || !isOrigin(origin) || !isLogPub(log_pub) || !isRetain(retain) || typeof genesis !== 'string') return undefined;
  if (!isCount(first) || !isCount(tree_size) || !Array.isArray(frontier) || typeof epoch_vkey !== 'string') return undefined;
  const texts = frontier.filter((node): node is string => typeof node === 'string');
  const tree = texts.length === frontier.length ? Frontier.parse(tree_size, texts) : undefined;
  const verifier = parseVkey(epoch_vkey);
  if (tree === undefined || verifier === undefined) return undefined;
  return { format, origin, genesis, log_pub, retain, first, tree_size, frontier: texts, epoch_vkey, tree, verifier };
}

/** A seal's event, its notes not yet opened; undefined if the body is not a seal to the letter. */
export function parseSealEvent(body: Buffer): SealEvent | undefined {
  const event = ownEvent(body, 'seal');
  if (event === undefined || !hasKeys(event, ['epoch', 'size', 'root', 'seal', 'checkpoint'])) return undefined;
  const { epoch, size, root, seal, checkpoint } = event as Record<keyof SealEvent, unknown>;
  if (!isCount(epoch) || !isCount(size) || typeof root !== 'string') return undefined;
  return typeof seal === 'string' && typeof checkpoint === 'string' ? { epoch, size, root, seal, checkpoint } : undefined;
}

/** What a `recovered` record says it put into quarantine. */
export function parseRecovered(body: Buffer): readonly string[] {
  const torn = ownEvent(body, 'recovered')?.['torn'];
  if (!Array.isArray(torn)) return [];
  return torn.flatMap((piece: unknown) => (isFields(piece) && typeof piece['file'] === 'string' ? [piece['file']] : []));
}

/** What a `segment_removed` record says was removed. */
export function parseSegmentRemoved(body: Buffer): SegmentRemoved | undefined {
  const event = ownEvent(body, 'segment_removed');
  if (event === undefined || !hasKeys(event, ['segment', 'first', 'last', 'bytes', 'sha256', 'observed_ms'])) return undefined;
  const { segment, first, last, bytes, sha256, observed_ms } = event as Record<keyof SegmentRemoved, unknown>;
  if (typeof segment !== 'string' || !isCount(first) || !isCount(last) || !isCount(bytes)) return undefined;
  return typeof sha256 === 'string' && isCount(observed_ms) ? { segment, first, last, bytes, sha256, observed_ms } : undefined;
}

/** The heartbeat that a `started` record promises, milliseconds; undefined if the body is no `started`. */
export function parseHeartbeat(body: Buffer): number | undefined {
  const heartbeat = ownEvent(body, 'started')?.['heartbeat_ms'];
  return isCount(heartbeat) ? heartbeat : undefined;
}
