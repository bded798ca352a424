/**
 * The sealed head: one slot that says how far the log is durable, under a key that the log's last line cannot give
 * away. It is overwritten in place; a log shorter than its head has lost something. Its MAC never becomes text: that would
 * stay in memory, and whoever has an older head's can cut the log back to where that stood.
 *
 *   {"head":{"origin","seq","mac","segment","bytes","root","key"},"mac":"<64 hex>"}   padded to 4096 bytes
 */
import { macTailBytes, splitSecretTail, writeMacTail } from '../chain/link.js';
import type { Disk } from '../disk/disk.js';
import { readSpan } from '../disk/read.js';
import { decodeBase64 } from '../keys/base64.js';
import { hashBytes } from '../keys/hash.js';
import type { KeyName } from '../keys/name.js';
import { formatKeyName, parseKeyName } from '../keys/name.js';

/** The slot, one page. */
const headBytes = 4096;
/** The line in it at most: one sector, written whole or not at all. */
const headLineBytesMax = 512;

/** What the head says. */
export interface Head {
  readonly origin: string;
  /** The last durable record; 0 before the first. */
  readonly seq: number;
  /** Its MAC. */
  readonly mac: string;
  /** Name of its segment; empty before the first. */
  readonly segment: string;
  /** That segment's length behind it, bytes. */
  readonly bytes: number;
  /** The Merkle root over records 1 to `seq`. */
  readonly root: Buffer;
  /** The successor of the record's key; the head's own MAC is under it. */
  readonly key: KeyName;
}

/** A head with what is needed to check its MAC. */
export interface ReadHead extends Head {
  readonly covered: Buffer;
  /** 32 bytes. */
  readonly headMac: Buffer;
}

/** The whole slot, in `slot` if one is given that `encodeHead` gave before. */
export function encodeHead(head: Head, stepKey: Uint8Array, slot = emptySlot()): Buffer {
  const body = `{"head":{"origin":"${head.origin}","seq":${head.seq},"mac":"${head.mac}","segment":"${head.segment}",` +
    `"bytes":${head.bytes},"root":"${head.root.toString('base64')}","key":"${formatKeyName(head.key)}"}`;
  const length = body.length + macTailBytes;
  if (length >= headLineBytesMax) throw new Error(`a head of ${length} bytes would not fit its sector`);
  slot.write(body, 0, 'latin1');
  writeMacTail(stepKey, slot, body.length);
  // One that was longer may have stood there.
  slot.fill(0x20, length, headLineBytesMax);
  return slot;
}

/** Overwrites what a head was made in: who takes the memory MUST NOT find an older one, to which the log could be cut back. */
export function forgetHead(slot: Buffer): void {
  slot.fill(0x20, 0, headLineBytesMax);
}

function emptySlot(): Buffer {
  const slot = Buffer.alloc(headBytes, 0x20);
  slot[headBytes - 1] = 0x0a;
  return slot;
}

const headLineForm = new RegExp(
  '^\\{"head":\\{"origin":"([A-Za-z0-9._/-]{1,150})","seq":(0|[1-9]\\d{0,15}),"mac":"([0-9a-f]{64})",' +
  '"segment":"(|\\d{20}\\.jsonl)","bytes":(0|[1-9]\\d{0,15}),"root":"([A-Za-z0-9+/=]{44})","key":"([\\d.]{3,33})"\\}',
);

/** The inverse of `encodeHead`, its MAC not yet checked; undefined for every other spelling, padding included. */
export function decodeHead(slot: Buffer): ReadHead | undefined {
  if (slot.length !== headBytes || slot[headBytes - 1] !== 0x0a) return undefined;
  const line = slot.subarray(0, slot.indexOf(0x20));
  const padding = slot.subarray(line.length, headBytes - 1);
  if (line.length >= headLineBytesMax || !padding.every((byte) => byte === 0x20)) return undefined;
  const tail = splitSecretTail(line);
  const match = tail === undefined ? null : headLineForm.exec(tail.covered.toString('latin1'));
  if (tail === undefined || match?.[0].length !== tail.covered.length) return undefined;
  const [, origin = '', seq, mac = '', segment = '', bytes, root64 = '', keyText = ''] = match;
  const root = decodeBase64(root64);
  const key = parseKeyName(keyText);
  if (root?.length !== hashBytes || key === undefined) return undefined;
  if (!Number.isSafeInteger(Number(seq)) || !Number.isSafeInteger(Number(bytes))) return undefined;
  return { origin, seq: Number(seq), mac, segment, bytes: Number(bytes), root, key, covered: tail.covered, headMac: tail.mac };
}

/** A slot caught while it is overwritten is whole again within microseconds: how often it is read at most, and ms in between. */
export const headReads = { max: 5, pauseMs: 2 } as const;
/** Read of a slot: one byte more, so that a longer file is seen to be one; never more, whatever lies there. */
export const headSpanBytes = headBytes + 1;

/** What `log/head` turned out to be. */
export type HeadState =
  | { readonly state: 'ok'; readonly head: ReadHead }
  | { readonly state: 'absent' }
  | { readonly state: 'malformed' };

/** Reads the slot, again for a few times while it is half written. */
export function readHead(disk: Disk, path: string): HeadState {
  for (let tries = 1; ; tries += 1) {
    const kind = disk.entry(path)?.kind;
    if (kind === undefined) return { state: 'absent' };
    const head = kind === 'file' ? decodeHead(readSlot(disk, path)) : undefined;
    if (head !== undefined) return { state: 'ok', head };
    if (kind !== 'file' || tries === headReads.max) return { state: 'malformed' };
    pauseForHead();
  }
}

/** Long enough for the daemon to have written the slot. */
export function pauseForHead(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)), 0, 0, headReads.pauseMs);
}

function readSlot(disk: Disk, path: string): Buffer {
  const file = disk.open(path, 'read');
  try {
    return readSpan(disk, file, 0, headSpanBytes);
  } finally {
    disk.close(file);
  }
}
