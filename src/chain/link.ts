/**
 * One link of the chain: what ties a line to the one before it and to its key.
 *
 *   mac = lower hex of HMAC-SHA-256(step key, P), P being the line's exact bytes before `,"mac":"`
 *
 * A line of the log and the line of the head end alike, in 74 bytes: `,"mac":"<64 hex>"}`.
 */
import { timingSafeEqual } from 'node:crypto';
import { hmac, hmacHex } from '../keys/hash.js';

/** Hex digits of a MAC. */
export const macChars = 64;
/** Bytes of `,"mac":"<64 hex>"}`. */
export const macTailBytes = 74;
/** What record 1 names as its predecessor. */
export const noPrevious: string = '0'.repeat(macChars);

const macHexForm = /^[0-9a-f]{64}$/;

/** Whether a text is a MAC in its one spelling. */
export function isMac(text: string): boolean {
  return macHexForm.test(text);
}

/** The MAC over a line's bytes before its tail, 64 lower hex. */
export function macOf(stepKey: Uint8Array, covered: Uint8Array): string {
  return hmacHex(stepKey, covered);
}

/** The 74 bytes that end a line. */
export function macTail(mac: string): string {
  return `,"mac":"${mac}"}`;
}

const beforeMac = ',"mac":"';
const behindMac = '"}';

/** What a line's tail says: the bytes that are covered and the MAC over them; undefined if the tail is not one. */
export function splitTail(line: Buffer): { readonly covered: Buffer; readonly mac: string } | undefined {
  const at = line.length - macTailBytes;
  const mac = quotedMac(line, at, beforeMac, behindMac);
  return mac === undefined ? undefined : { covered: line.subarray(0, at), mac };
}

/** The MAC that stands at `at` between these ASCII texts; undefined if it is not there in its one spelling. */
export function quotedMac(line: Buffer, at: number, before: string, behind: string): string | undefined {
  const start = at + before.length;
  const end = start + macChars;
  if (at < 0 || !stands(before, line, at) || !stands(behind, line, end)) return undefined;
  for (let i = start; i < end; i += 1) if (!isHexDigit(line[i] ?? 0)) return undefined;
  return line.toString('latin1', start, end);
}

function stands(text: string, line: Buffer, at: number): boolean {
  for (let i = 0; i < text.length; i += 1) if (line[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** 0 to 9, a to f. */
function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
}

/** Whether `mac` is the MAC of `covered` under `stepKey`; takes the same time wherever they differ. */
export function macMatches(stepKey: Uint8Array, covered: Uint8Array, mac: string): boolean {
  return timingSafeEqual(hmac(stepKey, covered), Buffer.from(mac, 'hex'));
}
