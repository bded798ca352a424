/**
 * One link of the chain: what ties a line to the one before it and to its key.
 *
 *   mac = lower hex of HMAC-SHA-256(step key, P), P being the line's exact bytes before `,"mac":"`
 *
 * A line of the log and the line of the head end alike, in 74 bytes: `,"mac":"<64 hex>"}`.
 */
import { timingSafeEqual } from 'node:crypto';
import { hmac, hmacHex } from '../keys/hash.js';
import { secretBuffer } from '../memory/secret.js';

/** Hex digits of a MAC. */
export const macChars = 64;
/** Bytes of `,"mac":"<64 hex>"}`. */
export const macTailBytes = 74;
/** What record 1 names as its predecessor. */
export const noPrevious: string = '0'.repeat(macChars);

const beforeMac = ',"mac":"';
const behindMac = '"}';
const hexDigits = Buffer.from('0123456789abcdef', 'latin1');

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

/** Ends a line at `at` with the MAC over its bytes before, which never becomes text. */
export function writeMacTail(stepKey: Uint8Array, line: Buffer, at: number): void {
  const mac = hmac(stepKey, line.subarray(0, at));
  let to = at + line.write(beforeMac, at, 'latin1');
  for (const byte of mac) {
    line[to] = hexDigits[byte >>> 4] ?? 0;
    line[to + 1] = hexDigits[byte & 0x0f] ?? 0;
    to += 2;
  }
  line.write(behindMac, to, 'latin1');
  mac.fill(0);
}

/** What a line's tail says: the bytes that are covered and the MAC over them; undefined if the tail is not one. */
export function splitTail(line: Buffer): { readonly covered: Buffer; readonly mac: string } | undefined {
  const at = line.length - macTailBytes;
  const mac = quotedMac(line, at, beforeMac, behindMac);
  return mac === undefined ? undefined : { covered: line.subarray(0, at), mac };
}

/** The same, the MAC as 32 bytes that were never text, and are the caller's to overwrite. */
export function splitSecretTail(line: Buffer): { readonly covered: Buffer; readonly mac: Buffer } | undefined {
  const at = line.length - macTailBytes;
  if (!isQuotedMac(line, at, beforeMac, behindMac)) return undefined;
  const mac = secretBuffer(macChars / 2);
  copyMacBytes(line, at + beforeMac.length, mac, 0);
  return { covered: line.subarray(0, at), mac };
}

/** The MAC that stands at `at` between these ASCII texts; undefined if it is not there in its one spelling. */
export function quotedMac(line: Buffer, at: number, before: string, behind: string): string | undefined {
  const start = at + before.length;
  return isQuotedMac(line, at, before, behind) ? line.toString('latin1', start, start + macChars) : undefined;
}

function isQuotedMac(line: Buffer, at: number, before: string, behind: string): boolean {
  const start = at + before.length;
  const end = start + macChars;
  if (at < 0 || !stands(before, line, at) || !stands(behind, line, end)) return false;
  for (let i = start; i < end; i += 1) if (!isHexDigit(line[i] ?? 0)) return false;
  return true;
}

/** By character: the hex digit that it is. */
const digitOf = Uint8Array.from({ length: 256 }, (_, code) => Math.max(0, hexDigits.indexOf(code)));

/** Writes the MAC whose digits stand at `from` of `line` to `at` of `to`, 32 bytes. */
export function copyMacBytes(line: Uint8Array, from: number, to: Uint8Array, at: number): void {
  for (let i = 0; i < macChars / 2; i += 1) {
    to[at + i] = (digitOf[line[from + 2 * i] ?? 0] ?? 0) << 4 | (digitOf[line[from + 2 * i + 1] ?? 0] ?? 0);
  }
}

function stands(text: string, line: Buffer, at: number): boolean {
  for (let i = 0; i < text.length; i += 1) if (line[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** 0 to 9, a to f. */
function isHexDigit(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x66);
}

/** Whether `mac`, lower hex or 32 bytes, is the MAC of `covered` under `stepKey`; takes the same time wherever they differ. */
export function macMatches(stepKey: Uint8Array, covered: Uint8Array, mac: string | Uint8Array): boolean {
  return timingSafeEqual(hmac(stepKey, covered), typeof mac === 'string' ? Buffer.from(mac, 'hex') : mac);
}
