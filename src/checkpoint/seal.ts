/**
 * The two notes that end an epoch, as text and as values.
 *
 * `checkpoint` is a plain tlog-checkpoint, signed by the identity key and by the epoch's key. `seal` is signed by the
 * epoch's key and names the next epoch's. An epoch's key signs these two and is erased, so whoever takes the host
 * later cannot sign another version of what is sealed.
 */
import { decodeBase64 } from '../keys/base64.js';
import { openNote, parseVkey } from './note.js';
import type { Verifier } from './note.js';
import { hashBytes } from '../keys/hash.js';

/** What a checkpoint says: the tree of `origin` had `size` leaves and this root. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** What a seal says: records `first` to `last` were of `epoch`, whose tree this was, and who signs the next. */
export interface Seal extends Checkpoint {
  readonly epoch: number;
  readonly first: number;
  readonly last: number;
  readonly next: Verifier;
  /** RFC 3339. */
  readonly time: string;
}

const sealTitle = 'indelible v1 seal';
const numberForm = /^(0|[1-9]\d{0,15})$/;

/** The name of an epoch's signing key. */
export function epochKeyName(origin: string, epoch: number): string {
  return `${origin}/epoch/${epoch}`;
}

/** The checkpoint note's text, `origin LF size LF base64 root LF`. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n`;
}

/** The inverse of `formatCheckpoint`; extension lines, which C2SP allows and we never write, are refused. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [origin, size, root, end, ...rest] = text.split('\n');
  const hash = decodeBase64(root ?? '');
  if (origin === undefined || origin === '' || size === undefined || !numberForm.test(size)) return undefined;
  if (!Number.isSafeInteger(Number(size)) || hash?.length !== hashBytes || end !== '' || rest.length > 0) return undefined;
  return { origin, size: Number(size), root: hash };
}

/** The seal note's text, seven lines. */
export function formatSeal(seal: Omit<Seal, 'next'> & { readonly next: { readonly vkey: string } }): string {
  return [
    sealTitle,
    seal.origin,
    `epoch ${seal.epoch}`,
    `records ${seal.first} ${seal.last}`,
    `tree ${seal.size} ${seal.root.toString('base64')}`,
    `next ${seal.next.vkey}`,
    `time ${seal.time}`,
    '',
  ].join('\n');
}

const sealBodyForm =
  /^indelible v1 seal\n(\S+)\nepoch (\d{1,16})\nrecords (\d{1,16}) (\d{1,16})\ntree (\d{1,16}) (\S+)\nnext (\S+)\ntime (\S+)\n$/;

/** The inverse of `formatSeal`: what does not print again as the same text is refused. */
export function parseSeal(text: string): Seal | undefined {
  const [, origin = '', epoch, first, last, size, root = '', next = '', time = ''] = sealBodyForm.exec(text) ?? [];
  const hash = decodeBase64(root);
  const vkey = parseVkey(next);
  if (hash?.length !== hashBytes || vkey === undefined) return undefined;
  const seal = {
    origin, epoch: Number(epoch), first: Number(first), last: Number(last), size: Number(size), root: hash, next: vkey, time,
  };
  return formatSeal(seal) === text && vkey.name === epochKeyName(origin, seal.epoch + 1) ? seal : undefined;
}

/** Reads a seal note that `signer` MUST have signed; undefined if it is malformed or the signature is not there or not good. */
export function openSeal(note: string, signer: Verifier): Seal | undefined {
  const opened = openNote(note, [signer]);
  return opened.ok && opened.signedBy.includes(signer.vkey) ? parseSeal(opened.text) : undefined;
}

/** Reads a checkpoint note that all of `signers` MUST have signed. */
export function openCheckpoint(note: string, signers: readonly Verifier[]): Checkpoint | undefined {
  const opened = openNote(note, signers);
  if (!opened.ok || signers.some((signer) => !opened.signedBy.includes(signer.vkey))) return undefined;
  return parseCheckpoint(opened.text);
}
