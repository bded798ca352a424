/**
 * C2SP's tlog-proof, version 1: a leaf's place, its path and the checkpoint it leads to, as text that stands alone.
 *
 *   c2sp.org/tlog-proof@v1 LF  [extra <base64> LF]  index <n> LF  <base64 hash> LF …  LF  <signed note>
 *
 * One spelling: what is accepted prints again as the same text.
 */
import { hashBytes } from '../keys/hash.js';
import { decodeBase64 } from '../keys/base64.js';
import { pathHashesMax } from './proof.js';

/** What such a text says. Nothing of it is known to be true before the path and the note were checked. */
export interface TlogProof {
  /** Whatever the prover added; signed by nobody. Ours adds nothing. */
  readonly extra?: Buffer;
  /** The leaf's place, from 0. */
  readonly index: number;
  /** From the leaf's sibling up. */
  readonly hashes: readonly Buffer[];
  /** The checkpoint, verbatim. */
  readonly note: string;
}

const title = 'c2sp.org/tlog-proof@v1';
const extraPrefix = 'extra ';
const indexForm = /^index (0|[1-9]\d{0,15})$/;

export function formatTlogProof(proof: TlogProof): string {
  const lines = [
    title,
    ...(proof.extra === undefined ? [] : [`${extraPrefix}${proof.extra.toString('base64')}`]),
    `index ${proof.index}`,
    ...proof.hashes.map((hash) => hash.toString('base64')),
  ];
  return `${lines.join('\n')}\n\n${proof.note}`;
}

/** The inverse of `formatTlogProof`; undefined for every other spelling. The note is whatever stands behind the empty line. */
export function parseTlogProof(text: string): TlogProof | undefined {
  const end = text.indexOf('\n\n');
  if (end < 0) return undefined;
  const [first, ...lines] = text.slice(0, end).split('\n');
  const note = text.slice(end + 2);
  if (first !== title || note === '' || lines.length > pathHashesMax + 2) return undefined;
  const extraText = lines[0]?.startsWith(extraPrefix) === true ? lines.shift()?.slice(extraPrefix.length) : undefined;
  const extra = extraText === undefined ? undefined : decodeBase64(extraText);
  // Without anything extra the line is left out.
  if (extraText !== undefined && (extra === undefined || extra.length === 0)) return undefined;
  const index = Number(indexForm.exec(lines.shift() ?? '')?.[1]);
  if (!Number.isSafeInteger(index)) return undefined;
  const hashes = decodeHashes(lines);
  return hashes === undefined ? undefined : { ...(extra === undefined ? {} : { extra }), index, hashes, note };
}

/** The hashes of a path from base64; undefined if one is no hash, or if they are more than any path has. */
export function decodeHashes(texts: readonly string[]): readonly Buffer[] | undefined {
  const hashes = texts.map((text) => decodeBase64(text)).filter((hash) => hash?.length === hashBytes) as Buffer[];
  return hashes.length === texts.length && hashes.length <= pathHashesMax ? hashes : undefined;
}
