/**
 * A source's line as the objects it holds. One, usually; but two writers may have fused theirs, or the next line may stand
 * right behind one that a crash tore. Invariant: every byte but spaces and signatures is in exactly one piece, and an
 * object is taken out of a line only where it cannot be a part of another, or what a user put into a field could pass
 * for an event. What a crash leaves of blocks that were never written, NUL bytes, is part of no JSON, so that an object may begin
 * behind them.
 */
import { isUtf8 } from 'node:buffer';
import { openBrace, quote } from '../event/pass.js';
import { scanValue, skipSpace } from '../query/json-bytes.js';
import { type Suffix, readSuffix } from './signature.js';

/** `torn`: JSON that ends before its end. `not_json`: text that is none. `not_an_object`: other JSON. */
export type BadReason = 'torn' | 'not_json' | 'not_an_object' | 'not_utf8' | 'cut_signature';

/** One piece of a line; `offset` counts from the line's beginning, bytes. */
export type Piece =
  | { readonly kind: 'object'; readonly offset: number; readonly bytes: Buffer; readonly suffix: Suffix }
  | { readonly kind: 'bad'; readonly offset: number; readonly bytes: Buffer; readonly reason: BadReason };

/** The pieces of a line, given without its line end; none if it is blank. `signed`: objects may have a signature behind. */
export function splitLine(line: Buffer, signed: boolean): readonly Piece[] {
  const pieces: Piece[] = [];
  let at = skipSpace(line, 0);
  while (at < line.length) {
    const next = pieceAt(line, at, signed);
    pieces.push(next.piece);
    at = skipSpace(line, next.end);
    const { piece } = next;
    if (piece.kind !== 'object' || piece.suffix.kind !== 'cut') continue;
    const end = cutSignatureEnd(line, at);
    pieces.push({ kind: 'bad', offset: at, bytes: line.subarray(at, end), reason: 'cut_signature' });
    at = skipSpace(line, end);
  }
  return pieces;
}

const nul = 0;

function pieceAt(line: Buffer, at: number, signed: boolean): { readonly piece: Piece; readonly end: number } {
  const bad = (end: number, reason: BadReason): { readonly piece: Piece; readonly end: number } => (
    { piece: { kind: 'bad', offset: at, bytes: line.subarray(at, end), reason }, end });
  if (line[at] === nul) return bad(nulsEnd(line, at), 'not_json');
  const scanned = scanValue(line, at);
  if (scanned.kind === 'value') {
    if (line[at] !== openBrace) return bad(line.length, 'not_an_object');
    const bytes = line.subarray(at, scanned.end);
    if (!isUtf8(bytes)) return bad(scanned.end, 'not_utf8');
    const suffix: Suffix = signed ? readSuffix(line, scanned.end) : { kind: 'unsigned', end: scanned.end };
    return { piece: { kind: 'object', offset: at, bytes, suffix }, end: suffix.end };
  }
  if (line[at] !== openBrace) return bad(line.length, 'not_json');
  if (line[scanned.at] === nul) return bad(scanned.at, 'torn');
  const glued = gluedAt(line, scanned.at);
  if (glued !== undefined && glued > at) return bad(glued, 'torn');
  return bad(line.length, scanned.at >= line.length ? 'torn' : 'not_json');
}

function nulsEnd(line: Buffer, start: number): number {
  let end = start;
  while (line[end] === nul) end += 1;
  return end;
}

/**
 * Where a whole object begins that broke off the JSON before it, given where that became wrong: at the brace itself, which
 * nothing allows there, or, inside a text, behind `{"`, where the quote ended the text. Where a brace would have been
 * allowed it may be the torn object's own field, and is left alone.
 */
function gluedAt(line: Buffer, wrongAt: number): number | undefined {
  const brace = line[wrongAt] === openBrace ? wrongAt : wrongAt - 2;
  if (line[brace] !== openBrace || (brace !== wrongAt && line[wrongAt - 1] !== quote)) return undefined;
  return scanValue(line, brace).kind === 'value' ? brace : undefined;
}

/** What is left of a signature's mark and digits. */
function cutSignatureEnd(line: Buffer, at: number): number {
  const text = /^#HMAC:[0-9a-f]{0,64}/.exec(line.toString('latin1', at, at + 80))?.[0] ?? '';
  return text === '' ? line.length : at + text.length;
}
