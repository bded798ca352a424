/**
 * What an import could not take, kept with its place and reason, one JSON line each. Invariant: the bytes can be had back
 * as they were; text that is not UTF-8 is kept in base64.
 */
import { isUtf8 } from 'node:buffer';
import type { BadReason } from './split.js';

/** `overlong`: a line longer than any record, whose bytes are in the source file only. Or the daemon's own code. */
export type RejectReason = BadReason | 'overlong' | 'invalid_event' | 'event_too_large' | 'frame_too_large';

export interface Reject {
  /** Of the source file, counted from 1. */
  readonly line: number;
  /** Where it begins in the source file, bytes. */
  readonly offset: number;
  readonly reason: RejectReason;
  readonly message: string;
  readonly bytes: Buffer;
}

/** One line, without its LF. */
export function formatReject({ line, offset, reason, message, bytes }: Reject): string {
  const raw = isUtf8(bytes) ? { raw: bytes.toString('utf8') } : { raw_base64: bytes.toString('base64') };
  return JSON.stringify({ line, offset, reason, message, ...raw });
}

/** What a reason means, in words. */
export const rejectMessages: Readonly<Record<BadReason | 'overlong', string>> = {
  torn: 'the JSON ends before its end',
  not_json: 'this is not JSON',
  not_an_object: 'this is JSON, but not an object',
  not_utf8: 'the text is not UTF-8',
  cut_signature: 'the signature is not whole',
  overlong: 'the line is longer than any record can be',
};
