/**
 * One line's place in the chain, read off its bytes: its number at the beginning, and at fixed distances from its end
 * the MAC before it and its own. Invariant: a line that passes is spelled like a record and follows the line before it;
 * whether its MAC is true only the verification key tells, and that is for `verify`.
 */
import { macChars } from '../chain/link.js';
import { closeBrace, comma, quote, startsWith } from '../event/pass.js';

/** From the end of a line to the beginning of `,"prev":"`, of the MAC in it, of `","mac":"`, and of the line's own MAC. */
const prevKey = 148;
const prevOffset = 139;
const macKey = 75;
const macOffset = 66;

const seqText = Buffer.from('{"seq":');
const prevText = Buffer.from(',"prev":"');
const macText = Buffer.from('","mac":"');
const zeroByte = 0x30;
/** Digits of the largest safe integer. */
const seqDigitsMax = 16;

/** Lower hex digits. */
const isHexDigit = new Uint8Array(256);
for (const byte of Buffer.from('0123456789abcdef')) isHexDigit[byte] = 1;

function isMacAt(line: Buffer, at: number): boolean {
  const end = at + macChars;
  for (let i = at; i < end; i += 1) if (isHexDigit[line[i] ?? 0] === 0) return false;
  return true;
}

/** A record's number; 0 for a line that is not spelled like a record. */
export function seqOf(line: Buffer): number {
  const bytes = line.length;
  if (bytes < prevKey + seqText.length || !startsWith(line, 0, seqText)) return 0;
  if (line[bytes - 1] !== closeBrace || line[bytes - 2] !== quote) return 0;
  if (!startsWith(line, bytes - prevKey, prevText) || !startsWith(line, bytes - macKey, macText)) return 0;
  if (!isMacAt(line, bytes - prevOffset) || !isMacAt(line, bytes - macOffset)) return 0;
  let seq = 0;
  for (let at = seqText.length; at <= seqText.length + seqDigitsMax; at += 1) {
    const byte = line[at] ?? 0;
    if (byte === comma) return Number.isSafeInteger(seq) ? seq : 0;
    const digit = byte - zeroByte;
    // No sign, no leading zero: one number has one spelling.
    if (digit < 0 || digit > 9 || (seq === 0 && digit === 0)) return 0;
    seq = seq * 10 + digit;
  }
  return 0;
}

/** Where the chain stood before a line: a record's number and its MAC's 64 bytes. */
export class Before {
  seq = 0;
  readonly #mac = Buffer.alloc(macChars, '0');

  /** Back to before record 1. */
  reset(): void {
    this.seq = 0;
    this.#mac.fill('0');
  }

  /** Goes on to a record. */
  move(line: Buffer, seq: number): void {
    this.seq = seq;
    line.copy(this.#mac, 0, line.length - macOffset, line.length - macOffset + macChars);
  }

  /** Whether a record names this one as the line before it. */
  isNamedBy(line: Buffer): boolean {
    return line.compare(this.#mac, 0, macChars, line.length - prevOffset, line.length - prevOffset + macChars) === 0;
  }
}

/** A record's own MAC. */
export function macOfLine(line: Buffer): string {
  return line.toString('latin1', line.length - macOffset, line.length - macOffset + macChars);
}
