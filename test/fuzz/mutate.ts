// Spoiling a request: its tree of tokens, and then its bytes. Invariant: the result depends on the stream of draws alone,
// and a tree is never changed in place.
import type { Random } from './random.js';
import { type Token, hostile, raw, text } from './token.js';

type Container = Extract<Token, { readonly kind: 'map' | 'array' }>;

const trapKeys = ['__proto__', 'constructor', 'toString', '0', '10', '01', '4294967295', '9999999999', 'hasOwnProperty', '', '\ufeffa', 'op', 'id', 'event', 'events', 'profile'];

/** Spoils a tree in one place. */
export function mutateTree(root: Token, random: Random, other: Token): Token {
  const target = random.below(countOf(root));
  const draw = random.below(18);
  return replaceAt(root, target, (token) => spoil(token, random, draw, other));
}

function countOf(token: Token): number {
  switch (token.kind) {
    case 'raw':
    case 'text': return 1;
    case 'array': return token.items.reduce((sum, item) => sum + countOf(item), 1);
    case 'map': return token.entries.reduce((sum, [key, value]) => sum + countOf(key) + countOf(value), 1);
    default: return token satisfies never;
  }
}

/** The tree with the token that is number `target` in writing order replaced. */
export function replaceAt(root: Token, target: number, change: (token: Token) => Token): Token {
  let passed = -1;
  const visit = (token: Token): Token => {
    passed += 1;
    if (passed === target) return change(token);
    if (passed > target) return token;
    if (token.kind === 'array') return { ...token, items: token.items.map(visit) };
    if (token.kind === 'map') return { ...token, entries: token.entries.map(([key, value]) => [visit(key), visit(value)] as const) };
    return token;
  };
  return visit(root);
}

/** The token that is number `target` in writing order. */
export function tokenAt(root: Token, target: number): Token {
  let found = root;
  replaceAt(root, target, (token) => {
    found = token;
    return token;
  });
  return found;
}

function spoil(token: Token, random: Random, draw: number, other: Token): Token {
  switch (draw) {
    case 0:
    case 1:
    case 2:
    case 3: return random.pick(hostile);
    case 4: return wide(token, random);
    case 5: return lying(token, random);
    case 6: return text(random.pick(trapKeys));
    case 7: return nested(token, random);
    case 8: return tokenAt(other, random.below(countOf(other)));
    case 9: return random.oneIn(40) ? long(random) : random.pick(hostile);
    default: return token.kind === 'raw' || token.kind === 'text' ? random.pick(hostile) : reshaped(token, random, other);
  }
}

function wide(token: Token, random: Random): Token {
  return token.kind === 'raw' ? token : { ...token, width: random.pick([1, 2, 4] as const) };
}

function lying(token: Token, random: Random): Token {
  if (token.kind === 'raw') return token;
  const length = token.kind === 'text' ? token.bytes.length : token.kind === 'array' ? token.items.length : token.entries.length;
  const claim = random.pick([length + 1, length - 1, 0, 15, 16, 255, 65_535, 65_536, 2 ** 31, 2 ** 32 - 1]);
  return { ...token, claim: Math.max(0, claim) };
}

/** The same value some levels deeper; mostly about as deep as is allowed, seldom far beyond. */
function nested(token: Token, random: Random): Token {
  const levels = random.oneIn(200) ? 100_000 : random.oneIn(4) ? random.between(1, 4) : random.between(25, 40);
  // Written as bytes at once: so many levels of a tree would be a recursion of our own.
  const opening = Array.from({ length: Math.min(levels, 3000) }, () => (random.oneIn(2) ? '91' : '81a161')).join('');
  const prefix = raw(levels > 3000 ? '91'.repeat(levels) : opening);
  return levels > 3000 ? prefix : { kind: 'raw', bytes: Buffer.concat([prefix.kind === 'raw' ? prefix.bytes : Buffer.alloc(0), rawOf(token)]) };
}

function rawOf(token: Token): Buffer {
  return token.kind === 'raw' ? token.bytes : Buffer.from([0xc0]);
}

/** About as many values, or bytes, as are allowed. */
function long(random: Random): Token {
  if (random.oneIn(2)) return { kind: 'array', items: Array.from({ length: random.between(9_980, 10_010) }, () => raw('c0')), width: 0 };
  return text('x'.repeat(random.between(19_800, 20_100)));
}

function reshaped(token: Container, random: Random, other: Token): Token {
  if (token.kind === 'array') return { ...token, items: editedList(token.items, random, () => tokenAt(other, random.below(countOf(other)))) };
  const stranger = (): readonly [Token, Token] => {
    const known = token.entries.length > 0 && random.oneIn(2) ? random.pick(token.entries)[0] : text(random.pick(trapKeys));
    const value = random.oneIn(2) ? random.pick(hostile) : tokenAt(other, random.below(countOf(other)));
    return [random.oneIn(8) ? random.pick(hostile) : known, value];
  };
  return { ...token, entries: editedList(token.entries, random, stranger) };
}

function editedList<T>(list: readonly T[], random: Random, stranger: () => T): T[] {
  const edited = [...list];
  const at = random.below(list.length + 1);
  switch (random.below(5)) {
    case 0: edited.splice(at, 1); break;
    case 1: edited.splice(at, 0, stranger()); break;
    case 2: edited.splice(at, 0, ...edited.slice(at, at + 1)); break;
    case 3: edited.reverse(); break;
    default: edited.push(stranger(), ...edited.slice(0, 1));
  }
  return edited;
}

const telling = [0xc0, 0xc1, 0x80, 0x90, 0xa0, 0xff, 0xdb, 0xdf, 0xd4, 0xc7];

/** Spoils bytes in one place. */
export function mutateBytes(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + (random.oneIn(3) ? random.below(bytes.length + 1) : random.between(1, 8)));
  switch (random.below(8)) {
    case 0:
    case 1: {
      const flipped = Buffer.from(bytes);
      if (at < bytes.length) flipped[at] = (flipped[at] ?? 0) ^ (1 << random.below(8));
      return flipped;
    }
    case 2: {
      const set = Buffer.from(bytes);
      if (at < bytes.length) set[at] = random.oneIn(2) ? random.below(256) : random.pick(telling);
      return set;
    }
    case 3: return bytes.subarray(0, at);
    case 4: return Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
    case 5: return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
    case 6: return Buffer.concat([bytes.subarray(0, at), random.bytes(random.between(1, 6)), bytes.subarray(at)]);
    default: return Buffer.concat([bytes, random.bytes(random.between(1, 3))]);
  }
}
