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

/** What a line's tail says: the bytes that are covered and the MAC over them; undefined if the tail is not one. */
export function splitTail(line: Buffer): { readonly covered: Buffer; readonly mac: string } | undefined {
  const at = line.length - macTailBytes;
  if (at < 0) return undefined;
  const tail = line.toString('latin1', at);
  const mac = tail.slice(8, 8 + macChars);
  return isMac(mac) && tail === macTail(mac) ? { covered: line.subarray(0, at), mac } : undefined;
}

/** Whether `mac` is the MAC of `covered` under `stepKey`; takes the same time wherever they differ. */
export function macMatches(stepKey: Uint8Array, covered: Uint8Array, mac: string): boolean {
  return timingSafeEqual(hmac(stepKey, covered), Buffer.from(mac, 'hex'));
}
