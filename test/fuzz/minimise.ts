// Makes what went wrong small: takes away and simplifies as long as it still goes wrong in the same way.
import { type Token, raw, write } from './token.js';

/** Attempts at one input; each runs the case once. */
const attemptsMax = 4000;

/** The smallest bytes found for which `fails` still says so, from a tree whose bytes do. */
export function minimise(token: Token, fails: (bytes: Buffer) => boolean): Buffer {
  let best = token;
  let left = attemptsMax;
  let shrunk = true;
  while (shrunk && left > 0) {
    shrunk = false;
    for (const smaller of smallerTrees(best)) {
      left -= 1;
      if (left <= 0) break;
      if (!fails(write(smaller))) continue;
      best = smaller;
      shrunk = true;
      break;
    }
  }
  return write(best);
}

/** Trees with one thing less, the largest cuts first. */
function* smallerTrees(token: Token): Generator<Token> {
  switch (token.kind) {
    case 'raw': return;
    case 'text':
      if (token.claim === undefined && token.bytes.length > 1) {
        yield { ...token, bytes: token.bytes.subarray(0, token.bytes.length >> 1) };
        yield { ...token, bytes: token.bytes.subarray(1) };
      }
      if (token.width !== 0) yield { ...token, width: 0 };
      return;
    case 'array':
      for (const at of token.items.keys()) yield { ...token, items: token.items.filter((_, index) => index !== at) };
      for (const [at, item] of token.items.entries()) {
        for (const smaller of simpler(item)) yield { ...token, items: token.items.with(at, smaller) };
      }
      if (token.width !== 0) yield { ...token, width: 0 };
      return;
    case 'map':
      for (const at of token.entries.keys()) yield { ...token, entries: token.entries.filter((_, index) => index !== at) };
      for (const [at, [key, value]] of token.entries.entries()) {
        const put = (entry: readonly [Token, Token]): Token => ({ ...token, entries: token.entries.with(at, entry) });
        for (const smaller of simpler(value)) yield put([key, smaller]);
        for (const smaller of smallerTrees(key)) yield put([smaller, value]);
      }
      if (token.width !== 0) yield { ...token, width: 0 };
      return;
    default: token satisfies never;
  }
}

function* simpler(token: Token): Generator<Token> {
  if (token.kind === 'raw' && token.bytes.length <= 1) return;
  yield raw('c0');
  yield raw('00');
  yield* smallerTrees(token);
}

/** The smallest bytes found by leaving out runs of them. */
export function minimiseBytes(bytes: Buffer, fails: (bytes: Buffer) => boolean): Buffer {
  let best = bytes;
  let left = attemptsMax;
  for (let run = best.length >> 1; run >= 1; run >>= 1) {
    for (let at = 0; at + run <= best.length && left > 0; left -= 1) {
      const shorter = Buffer.concat([best.subarray(0, at), best.subarray(at + run)]);
      if (fails(shorter)) best = shorter;
      else at += run;
    }
  }
  return best;
}
