// Attacks on one line: every line, every edit, its MAC kept, made up, or made with the stolen key of the current step.
import { macOf, macTail, macTailBytes } from '../../src/chain/link.js';
import { formatKeyName } from '../../src/keys/name.js';
import { atLine, both, isCovered, onLine, onSegment, spliced } from './attack.js';
import type { Attack, MemoryAttempt } from './attack.js';
import { drawBelow, drawBytes } from './draw.js';
import type { Random } from './draw.js';
import {
  duplicateEdits, escapeEdits, extraEdits, fieldEdits, frameEdits, numberEdits, orderEdits, spaceEdits, swapEdits, unicodeEdits,
} from './edits.js';
import type { Edits } from './edits.js';
import type { LineRef, Victim } from './victim.js';

const lf = Buffer.from('\n');

/** What becomes of the MAC of an edited line. */
const sealings = ['kept', 'made up', 'by the stolen key', 'by the stolen key and in its name'] as const;

/** A line given another MAC; as it is if its end is no MAC any more. */
export function sealedWith(line: Buffer, key: Buffer): Buffer {
  if (line.length < macTailBytes || !line.toString('latin1', line.length - macTailBytes).startsWith(',"mac":"')) return line;
  const covered = line.subarray(0, -macTailBytes);
  return Buffer.concat([covered, Buffer.from(macTail(macOf(key, covered)))]);
}

function resealed(text: string, sealing: typeof sealings[number], victim: Victim, random: Random): Buffer {
  const { name, step } = victim.loot.stored;
  switch (sealing) {
    case 'kept': return Buffer.from(text);
    case 'made up': return sealedWith(Buffer.from(text), drawBytes(random, 32));
    case 'by the stolen key': return sealedWith(Buffer.from(text), step);
    case 'by the stolen key and in its name': return sealedWith(Buffer.from(text.replace(/"key":"[\d.]+/, `"key":"${formatKeyName(name)}`)), step);
    default: {
      const never: never = sealing;
      return never;
    }
  }
}

/** Every line, every edit of a class, every sealing. */
function editing(name: string, edits: Edits): Attack {
  const list = Object.entries(edits);
  return {
    family: 'One line', name, on: both,
    count: (victim) => victim.lines.length * list.length * sealings.length,
    at: (index, victim, random) => {
      const line = victim.lines[Math.floor(index / list.length / sealings.length)];
      const [what, edit] = list[Math.floor(index / sealings.length) % list.length] ?? [];
      const sealing = sealings[index % sealings.length];
      if (line === undefined || edit === undefined || sealing === undefined) return undefined;
      const text = edit(line.bytes.toString('utf8', 0, line.bytes.length - 1), random);
      if (text === undefined) return undefined;
      const by = Buffer.concat([resealed(text, sealing, victim, random), lf]);
      const attempt = onLine(victim, line, [by], `${what ?? ''}, its MAC ${sealing}`);
      // A line that was put in moves what stands behind it.
      return attempt === undefined || !text.includes('\n') ? attempt : { ...attempt, where: atLine(line, 1) };
    },
  };
}

/** A byte of any segment, by number. */
function byteAt(victim: Victim, index: number): { readonly line: LineRef; readonly at: number } | undefined {
  let left = index;
  for (const line of victim.lines) {
    if (left < line.bytes.length) return { line, at: left };
    left -= line.bytes.length;
  }
  return undefined;
}

function bytesOf(victim: Victim): number {
  return victim.lines.reduce((sum, line) => sum + line.bytes.length, 0);
}

type ByteEdit = (bytes: Buffer, at: number, random: Random) => Buffer;

function onByte(name: string, edit: ByteEdit): Attack {
  return {
    family: 'One line', name, on: both,
    count: bytesOf,
    at: (index, victim, random) => {
      const byte = byteAt(victim, index);
      if (byte === undefined) return undefined;
      const { line, at } = byte;
      const { segment, index: number, seq } = line;
      const by = edit(line.bytes, at, random);
      // A line that lost its end is merged with the next.
      return onSegment(victim, segment, spliced(segment, number, number + 1, [by]), {
        what: `record ${seq}: byte ${at}`, where: atLine(line, 1), publicly: isCovered(victim, seq),
      });
    },
  };
}

/** Lines that are meant to break whoever reads them. */
const monsters: Readonly<Record<string, (line: LineRef) => readonly Buffer[]>> = {
  'a line of 100 MB behind it': (line) => [line.bytes, Buffer.concat([Buffer.alloc(100_000_000, 0x61), lf])],
  'the event of 100 MB': (line) => [filled(line, Buffer.alloc(100_000_000, 0x61))],
  'just under the longest line there may be': (line) => [filled(line, Buffer.alloc(16 * 1024 * 1024 - 20_000, 0x61))],
  'nesting of 100,000': (line) => [nested(line, '[', ']')],
  'nesting of 100,000 objects': (line) => [nested(line, '{"a":', '}', '1')],
  '100,000 line ends': () => [Buffer.alloc(100_000, 0x0a)],
};

function filled(line: LineRef, by: Buffer): Buffer {
  const at = line.bytes.indexOf(',"event":{') + ',"event":{'.length;
  return Buffer.concat([line.bytes.subarray(0, at), Buffer.from('"x":"'), by, Buffer.from('",'), line.bytes.subarray(at)]);
}

function nested(line: LineRef, open: string, close: string, middle = ''): Buffer {
  const deep = open.repeat(100_000) + middle + close.repeat(100_000);
  const at = line.bytes.indexOf(',"event":{') + ',"event":{'.length;
  return Buffer.concat([line.bytes.subarray(0, at), Buffer.from(`"x":${deep},`), line.bytes.subarray(at)]);
}

const monstrous: Attack = {
  family: 'One line', name: 'a line of 100 MB, nesting of 100,000', on: (logs) => [logs.line],
  // One of each, wherever the seed says: they are large.
  count: () => Object.keys(monsters).length,
  at: (index, victim, random): MemoryAttempt | undefined => {
    const [what, make] = Object.entries(monsters)[index] ?? [];
    const line = victim.lines[drawBelow(random, victim.lines.length - 1)];
    if (line === undefined || make === undefined) return undefined;
    const { segment, index: number, seq } = line;
    return {
      what: `record ${seq}: ${what ?? ''}`, where: atLine(line, 1), publicly: isCovered(victim, seq),
      disk: () => victim.with(segment, spliced(segment, number, number + 1, make(line))),
    };
  },
};

export const lineAttacks: readonly Attack[] = [
  onByte('a bit flipped', (bytes, at, random) => {
    const flipped = Buffer.from(bytes);
    flipped[at] = (flipped[at] ?? 0) ^ (1 << drawBelow(random, 8));
    return flipped;
  }),
  onByte('a byte taken out', (bytes, at) => Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)])),
  onByte('a byte put in', (bytes, at, random) => Buffer.concat([bytes.subarray(0, at), drawBytes(random, 1), bytes.subarray(at)])),
  editing('a field of the event edited', fieldEdits),
  editing('ts, source, key, redacted, ids, prev, mac edited', frameEdits),
  editing('values swapped between fields', swapEdits),
  editing('keys re-ordered', orderEdits),
  editing('spaces, CR, BOM, NUL, blank lines, comments', spaceEdits),
  editing('other escapes', escapeEdits),
  editing('other number spellings', numberEdits),
  editing('duplicate keys, in either order', duplicateEdits),
  editing('extra keys, __proto__', extraEdits),
  editing('NFC and NFD, homoglyphs', unicodeEdits),
  monstrous,
];
