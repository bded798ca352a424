/**
 * A proof of one record, checked without its log: the record's line, the tlog-proof that leads from it to a checkpoint,
 * and the identity key that signed the checkpoint. Invariant: "proven" is said only when the line's own bytes lead to the
 * signed root; what the line says of itself is passed on only then.
 */
import type { OpenedNote, Verifier } from '../checkpoint/note.js';
import { openNote, parseVkey } from '../checkpoint/note.js';
import { leafHash } from '../checkpoint/merkle.js';
import { rootFromPath } from '../checkpoint/proof.js';
import type { Checkpoint } from '../checkpoint/seal.js';
import { epochKeyName, openCheckpoint } from '../checkpoint/seal.js';
import type { TlogProof } from '../checkpoint/tlog-proof.js';
import { parseTlogProof } from '../checkpoint/tlog-proof.js';
import { parseFrame } from '../log/record.js';
import type { Frame } from '../log/record.js';
import { parseLogPub } from './facts.js';
import { statedCheckpoint } from './outside.js';

/** What a proof is checked with. */
export interface ProofInput {
  /** The text of the tlog-proof. */
  readonly proof: string;
  /** The file with the record: one line, its LF optional. */
  readonly record: Buffer;
  readonly identity: Verifier;
  /** A checkpoint note kept elsewhere. */
  readonly checkpoint?: string;
}

/** Why a record is not proven; codes are stable. */
export type ProofFindingCode =
  /** The proof is no tlog-proof, or what follows is no checkpoint note. */
  | 'proof_malformed'
  /** The file does not hold one record. */
  | 'record_malformed'
  | 'other_log' | 'not_signed' | 'bad_signature'
  /** The line says another seq than the place that is proven. */
  | 'seq_mismatch'
  /** The line does not lead to the root: it, the index, the path or the root was changed. */
  | 'root_mismatch'
  /** The checkpoint kept elsewhere is not one that this log signed. */
  | 'checkpoint_malformed'
  /** The checkpoint kept elsewhere says another root for as many records: two logs were shown. */
  | 'checkpoint_mismatch';

interface Finding {
  readonly code: ProofFindingCode;
  readonly message: string;
}

/**
 * What `indelible verify --proof --json` prints. Stable: fields may be added, none changes its meaning while `version` is 1.
 *
 * - `exit`: 0 proven; 1 not; 3 proven, but the checkpoint given cannot be compared, being over another size.
 * - `record`: what the proven line says; null when it is not proven. Strings quote it, unescaped but for JSON.
 * - `checkpoint`: what the note in the proof says; null when there is none that the identity key signed.
 * - `epoch_key`: the epoch's key that says it signed, too. Only the log has that key: never checked here.
 * - `identity_theft`: whether it was excluded that a thief of the identity key made this: `excluded` by the checkpoint
 *   that was kept elsewhere, else `not_excluded`.
 */
export interface ProofReport {
  readonly version: 1;
  readonly exit: 0 | 1 | 3;
  readonly proven: boolean;
  readonly origin: string;
  readonly record: { readonly seq: number; readonly ts: string; readonly profile: string; readonly kind: string } | null;
  readonly checkpoint: { readonly size: number; readonly root: string } | null;
  readonly epoch_key: string | null;
  readonly identity_theft: 'excluded' | 'not_excluded';
  readonly findings: readonly Finding[];
}

/** The identity key from the text of `log.pub`, or from its first line alone; undefined for anything else. */
export function parseIdentity(text: string): Verifier | undefined {
  const vkey = parseLogPub(text)?.[0] ?? (text.endsWith('\n') ? text.slice(0, -1) : text);
  return parseVkey(vkey);
}

/** Checks one. @throws UnusableInput if `checkpoint` is no checkpoint note at all */
export function checkProof(input: ProofInput): ProofReport {
  const { identity } = input;
  const proof = parseTlogProof(input.proof);
  const opened = proof === undefined ? undefined : openNote(proof.note, [identity]);
  const signed = signedCheckpoint(proof, opened, identity);
  const line = oneLine(input.record);
  const frame = line === undefined ? undefined : parseFrame(line);
  const checkpoint = 'code' in signed ? undefined : signed;
  const kept = compareKept(input, checkpoint);
  const findings = [
    'code' in signed ? signed : undefined,
    frame === undefined ? recordFault(line) : undefined,
    proof === undefined || line === undefined || checkpoint === undefined ? undefined : pathFault(proof, line, checkpoint),
    proof === undefined || frame === undefined || frame.seq === proof.index + 1 ? undefined : seqFault(frame.seq, proof.index),
    typeof kept === 'object' ? kept : undefined,
  ].filter((finding) => finding !== undefined);
  const proven = findings.length === 0;
  return {
    version: 1, exit: !proven ? 1 : kept === 'other_size' ? 3 : 0, proven, origin: identity.name,
    record: proven && frame !== undefined ? saidBy(frame) : null,
    checkpoint: checkpoint === undefined ? null : { size: checkpoint.size, root: checkpoint.root.toString('base64') },
    epoch_key: opened?.ok === true ? opened.names.find((name) => isEpochKey(name, identity.name)) ?? null : null,
    identity_theft: proven && kept === 'same' ? 'excluded' : 'not_excluded',
    findings,
  };
}

/** The checkpoint in the proof, if the identity key signed it. */
function signedCheckpoint(
  proof: TlogProof | undefined, opened: OpenedNote | undefined, identity: Verifier,
): Checkpoint | Finding {
  if (proof === undefined || opened === undefined) return { code: 'proof_malformed', message: 'the proof is not a C2SP tlog-proof' };
  const stated = openCheckpoint(proof.note, []);
  if (stated === undefined) return { code: 'proof_malformed', message: 'what follows the path is not a signed checkpoint note' };
  if (stated.origin !== identity.name) {
    return { code: 'other_log', message: `the checkpoint is of the log ${stated.origin}, the key is that of ${identity.name}` };
  }
  if (!opened.ok) return { code: 'bad_signature', message: 'the checkpoint\'s signature is not that of the identity key' };
  if (opened.signedBy.includes(identity.vkey)) return stated;
  return { code: 'not_signed', message: 'the checkpoint is not signed by the identity key' };
}

function recordFault(line: Buffer | undefined): Finding {
  const message = line === undefined ? 'the record\'s file does not hold exactly one line' : 'the line is not a record as the daemon writes them';
  return { code: 'record_malformed', message };
}

function pathFault({ index, hashes }: TlogProof, line: Buffer, { size, root }: Checkpoint): Finding | undefined {
  if (rootFromPath(leafHash(line), index, size, hashes)?.equals(root) === true) return undefined;
  const message = `the line does not lead to the checkpoint's root as record ${index + 1}: it or the proof was changed`;
  return { code: 'root_mismatch', message };
}

function seqFault(seq: number, index: number): Finding {
  return { code: 'seq_mismatch', message: `the line says that it is record ${seq}, and the proof is of record ${index + 1}` };
}

/** What a checkpoint kept elsewhere says to the one in the proof; `nothing` if there is none, or nothing to compare it with. */
function compareKept(
  { checkpoint: note, identity }: ProofInput, signed: Checkpoint | undefined,
): 'nothing' | 'same' | 'other_size' | Finding {
  if (note === undefined) return 'nothing';
  const kept = statedCheckpoint(note);
  if (openCheckpoint(note, [identity]) === undefined || kept.origin !== identity.name) {
    return { code: 'checkpoint_malformed', message: 'the checkpoint kept elsewhere is not one that this log signed' };
  }
  if (signed === undefined) return 'nothing';
  if (kept.size !== signed.size) return 'other_size';
  if (kept.root.equals(signed.root)) return 'same';
  const message = `the checkpoint kept elsewhere has another root for the same ${kept.size} records: two logs were shown`;
  return { code: 'checkpoint_mismatch', message };
}

/** The file's one line without its LF; undefined if there are more, or none. */
function oneLine(file: Buffer): Buffer | undefined {
  const line = file.at(-1) === 0x0a ? file.subarray(0, -1) : file;
  return line.length === 0 || line.includes(0x0a) ? undefined : line;
}

const bodyForm = /^"profile":("(?:[^"\\]|\\.)*"),"kind":("(?:[^"\\]|\\.)*"),/s;

function saidBy({ seq, ts, body }: Frame): ProofReport['record'] {
  const [, profile = '""', kind = '""'] = bodyForm.exec(body.toString('utf8')) ?? [];
  return { seq, ts, profile: textOf(profile), kind: textOf(kind) };
}

/** A JSON string's value; for one that is none, its own letters. */
function textOf(json: string): string {
  try {
    return String(JSON.parse(json));
  } catch {
    return json;
  }
}

function isEpochKey(name: string, origin: string): boolean {
  const epoch = Number(/\/(\d{1,16})$/.exec(name)?.[1]);
  return name === epochKeyName(origin, epoch);
}
