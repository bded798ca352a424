/**
 * One line's place in the chain, read off its bytes: its number at the beginning, and at fixed distances from its end
 * the MAC before it and its own. Invariant: a line that passes is spelled like a record and follows the line before it;
 * whether its MAC is true only the verification key tells, and that is for `verify`.
 */

/** Hex digits of a MAC. */
const MAC_CHARS = 64;
/** From the end of a line to the beginning of `,"prev":"`, of the MAC in it, of `","mac":"`, and of the line's own MAC. */
const PREV_KEY = 148;
const PREV = 139;
const MAC_KEY = 75;
const MAC = 66;

const SEQ_TEXT = Buffer.from('{"seq":');
const PREV_TEXT = Buffer.from(',"prev":"');
const MAC_TEXT = Buffer.from('","mac":"');
const QUOTE = 0x22;
const CLOSE_BRACE = 0x7d;
const COMMA = 0x2c;
const ZERO = 0x30;
/** Digits of the largest safe integer. */
const SEQ_DIGITS_MAX = 16;

/** Lower hex digits. */
const isHexDigit = new Uint8Array(256);
for (const byte of Buffer.from('0123456789abcdef')) isHexDigit[byte] = 1;

function stands(text: Buffer, line: Buffer, at: number): boolean {
  for (let i = 0; i < text.length; i += 1) if (line[at + i] !== text[i]) return false;
  return true;
}

function isMacAt(line: Buffer, at: number): boolean {
  for (let i = at; i < at + MAC_CHARS; i += 1) if (isHexDigit[line[i] ?? 0] === 0) return false;
  return true;
}

/** A record's number; 0 for a line that is not spelled like a record. */
export function seqOf(line: Buffer): number {
  const bytes = line.length;
  if (bytes < PREV_KEY + SEQ_TEXT.length || !stands(SEQ_TEXT, line, 0)) return 0;
  if (line[bytes - 1] !== CLOSE_BRACE || line[bytes - 2] !== QUOTE) return 0;
  if (!stands(PREV_TEXT, line, bytes - PREV_KEY) || !stands(MAC_TEXT, line, bytes - MAC_KEY)) return 0;
  if (!isMacAt(line, bytes - PREV) || !isMacAt(line, bytes - MAC)) return 0;
  let seq = 0;
  for (let at = SEQ_TEXT.length; at <= SEQ_TEXT.length + SEQ_DIGITS_MAX; at += 1) {
    const byte = line[at] ?? 0;
    if (byte === COMMA) return Number.isSafeInteger(seq) ? seq : 0;
    const digit = byte - ZERO;
    // No sign, no leading zero: one number has one spelling.
    if (digit < 0 || digit > 9 || (seq === 0 && digit === 0)) return 0;
    seq = seq * 10 + digit;
  }
  return 0;
}

/** Where the chain stood before a line: a record's number and its MAC's 64 bytes. */
export class Before {
  seq = 0;
  readonly #mac = Buffer.alloc(MAC_CHARS, '0');

  /** Back to before record 1. */
  reset(): void {
    this.seq = 0;
    this.#mac.fill('0');
  }

  /** Goes on to a record. */
  move(line: Buffer, seq: number): void {
    this.seq = seq;
    line.copy(this.#mac, 0, line.length - MAC, line.length - MAC + MAC_CHARS);
  }

  /** Whether a record names this one as the line before it. */
  isNamedBy(line: Buffer): boolean {
    return line.compare(this.#mac, 0, MAC_CHARS, line.length - PREV, line.length - PREV + MAC_CHARS) === 0;
  }
}

/** A record's own MAC. */
export function macOfLine(line: Buffer): string {
  return line.toString('latin1', line.length - MAC, line.length - MAC + MAC_CHARS);
}
