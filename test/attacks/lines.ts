// Attacks on whole lines: taken out, doubled, moved, put together, taken apart, made up. Nothing here needs a key; where
// one could help, the stolen one is used, too.
import { formatKeyName } from '../../src/keys/name.js';
import { atLine, both, isCovered, onSegment, spliced } from './attack.js';
import type { Attack, Attempt, MemoryAttempt } from './attack.js';
import { draw, drawBelow, drawBytes, drawJunk } from './draw.js';
import type { Random } from './draw.js';
import { sealedWith } from './line.js';
import type { LineRef, SegmentRef, Victim } from './victim.js';

const lf = Buffer.from('\n');

type At<T> = (one: T, victim: Victim, random: Random) => Attempt | undefined;

/** An attack at every line. */
function atEveryLine(name: string, at: At<LineRef>, times = 1): Attack {
  return {
    family: 'Lines', name, on: both,
    count: (victim) => victim.lines.length * times,
    at: (index, victim, random) => {
      const line = victim.lines[index % victim.lines.length];
      return line === undefined ? undefined : at(line, victim, random);
    },
  };
}

/** An attack on every segment. */
function atEverySegment(name: string, at: At<SegmentRef>, times = 1): Attack {
  return {
    family: 'Lines', name, on: both,
    count: (victim) => victim.segments.length * times,
    at: (index, victim, random) => {
      const segment = victim.segments[index % victim.segments.length];
      return segment === undefined ? undefined : at(segment, victim, random);
    },
  };
}

/** Lines `from` up to and without `to` of a segment taken out. */
function withoutLines(victim: Victim, segment: SegmentRef, from: number, to: number, what: string): MemoryAttempt | undefined {
  const first = segment.lines[from]?.seq ?? 0;
  const next = segment.lines[to]?.seq ?? victim.line((segment.lines.at(-1)?.seq ?? 0) + 1)?.seq;
  // Behind the last line there is nothing that could tell but the head.
  const until = next ?? victim.last.seq;
  const publicly = next === undefined ? first <= victim.covered + 1 : isCovered(victim, first);
  return onSegment(victim, segment, spliced(segment, from, to, []), {
    what: `${what}: records ${first} to ${(next ?? victim.last.seq + 1) - 1}`, publicly,
    where: { segment: segment.name, lines: [from, from + 1], seqs: [Math.max(1, first - 1), until] },
  });
}

/** The last line of a segment with a line of a hand's making, or bytes, behind it. */
function junk(victim: Victim, segment: SegmentRef, by: Buffer, what: string, torn: boolean): MemoryAttempt | undefined {
  const count = segment.lines.length;
  const isNewest = segment === victim.newest;
  return onSegment(victim, segment, spliced(segment, count, count, [by]), {
    what: `${segment.name}: ${what}`, where: { segment: segment.name, lines: [count + 1, count + 1] }, publicly: !isNewest,
    ...(isNewest && torn ? { residual: 'torn_end' as const } : {}),
  });
}

/** A record that nobody sent, in a line's place and number; under the stolen key if `key` is given. */
function forged(line: LineRef, key: { readonly name: string; readonly step: Buffer } | undefined, random: Random): Buffer {
  const text = line.bytes.toString('utf8', 0, line.bytes.length - 1).replace(/"pid":\d+/, '"pid":1');
  if (key === undefined) return Buffer.concat([sealedWith(Buffer.from(text), drawBytes(random, 32)), lf]);
  return Buffer.concat([sealedWith(Buffer.from(text.replace(/"key":"[\d.]+/, `"key":"${key.name}`)), key.step), lf]);
}

const junkLines: Readonly<Record<string, (victim: Victim, random: Random) => Buffer>> = {
  'a line of text': () => Buffer.from('all is well\n'),
  'an empty line': () => lf,
  'an empty object': () => Buffer.from('{}\n'),
  'its last line again': (victim) => victim.last.bytes,
  'random bytes and a line end': (_, random) => Buffer.concat([drawJunk(random, 100), lf]),
  'a forged line': (victim, random) => forged(victim.last, undefined, random),
};

/** What a crash may leave, too, where it may leave anything. */
const tornEnds: Readonly<Record<string, (victim: Victim, random: Random) => Buffer>> = {
  'text without a line end': () => Buffer.from('{"seq":'),
  'random bytes': (_, random) => drawJunk(random, 700),
  'sectors of zeros': () => Buffer.alloc(4096),
  'half its last line': (victim) => victim.last.bytes.subarray(0, 200),
};

export const linesAttacks: readonly Attack[] = [
  atEveryLine('middle lines deleted', ({ segment, index }, victim, random) => withoutLines(victim, segment, index, index + 1 + drawBelow(random, 4), 'deleted')),
  atEverySegment('first lines deleted', (segment, victim, random) => withoutLines(victim, segment, 0, 1 + drawBelow(random, segment.lines.length - 1), 'deleted'), 8),
  atEverySegment('last lines deleted', (segment, victim, random) => withoutLines(victim, segment, segment.lines.length - 1 - drawBelow(random, segment.lines.length - 1), segment.lines.length, 'deleted'), 8),
  atEverySegment('last line end dropped', (segment, victim) => {
    const last = segment.lines.at(-1);
    if (last === undefined) return undefined;
    return onSegment(victim, segment, spliced(segment, last.index, last.index + 1, [last.bytes.subarray(0, -1)]), {
      what: segment.name, publicly: isCovered(victim, last.seq), where: atLine(last),
    });
  }),
  atEverySegment('file emptied', (segment, victim) => {
    const last = segment.lines.at(-1)?.seq ?? 0;
    return onSegment(victim, segment, [], {
      what: segment.name, publicly: isCovered(victim, segment.first),
      where: { segment: segment.name, seqs: [segment.first, last + 1] },
    });
  }),
  atEveryLine('a line duplicated', ({ segment, index, bytes, seq }, victim) => onSegment(victim, segment, spliced(segment, index, index, [bytes]), {
    what: `record ${seq}`, where: { segment: segment.name, lines: [index + 2, index + 2], seqs: [seq, seq + 1] }, publicly: isCovered(victim, seq),
  })),
  {
    family: 'Lines', name: 'a line replayed later', on: both,
    count: (victim) => victim.lines.length - 2,
    at: (index, victim, random) => {
      const line = victim.lines[index];
      if (line === undefined) return undefined;
      const to = draw(random, victim.lines.slice(index + 2));
      return onSegment(victim, to.segment, spliced(to.segment, to.index, to.index, [line.bytes]), {
        what: `record ${line.seq} before record ${to.seq}`, publicly: isCovered(victim, to.seq),
        where: { segment: to.segment.name, lines: [to.index + 1, to.index + 2] },
      });
    },
  },
  atEveryLine('two lines swapped', (line, victim, random) => {
    const other = draw(random, victim.lines);
    if (other.seq === line.seq) return undefined;
    const [one, two] = line.seq < other.seq ? [line, other] : [other, line];
    return {
      what: `records ${one.seq} and ${two.seq}`, publicly: isCovered(victim, one.seq),
      where: { segment: one.segment.name, lines: [one.index + 1, one.index + 1], seqs: [one.seq, one.seq] },
      disk: () => {
        const disk = victim.with(one.segment, spliced(one.segment, one.index, one.index + 1, [two.bytes]));
        const swapped = new Map([[one, two], [two, one]]);
        disk.nodes.set(two.segment.path, Buffer.concat(two.segment.lines.map((each) => (swapped.get(each) ?? each).bytes)));
        return disk;
      },
    };
  }, 2),
  atEveryLine('two lines merged', ({ segment, index, bytes, seq }, victim, random) => {
    const next = segment.lines[index + 1];
    if (next === undefined) return undefined;
    const between = draw(random, ['', ' ', ',', '\r']);
    const by = [bytes.subarray(0, -1), Buffer.from(between), next.bytes];
    return onSegment(victim, segment, spliced(segment, index, index + 2, by), {
      what: `records ${seq} and ${seq + 1}`, publicly: isCovered(victim, seq),
      where: { segment: segment.name, lines: [index + 1, index + 1], seqs: [seq, seq + 1] },
    });
  }),
  atEveryLine('a line split', ({ segment, index, bytes, seq }, victim, random) => {
    const at = 1 + drawBelow(random, bytes.length - 2);
    return onSegment(victim, segment, spliced(segment, index, index + 1, [bytes.subarray(0, at), lf, bytes.subarray(at)]), {
      what: `record ${seq} at byte ${at}`, where: { segment: segment.name, lines: [index + 1, index + 2], seqs: [seq, seq] }, publicly: isCovered(victim, seq),
    });
  }, 4),
  atEveryLine('a forged line inserted', (line, victim, random) => {
    const { segment, index, seq } = line;
    const { name, step } = victim.loot.stored;
    const key = random() < 0.5 ? undefined : { name: formatKeyName(name), step };
    const by = forged(line, key, random);
    return onSegment(victim, segment, spliced(segment, index, index, [by]), {
      what: `before record ${seq}, ${key === undefined ? 'without a key' : 'with the stolen key'}`, publicly: isCovered(victim, seq),
      where: { segment: segment.name, lines: [index + 1, index + 2], seqs: [seq, seq] },
    });
  }, 2),
  atEverySegment('junk after the end', (segment, victim, random) => {
    const [what, make] = draw(random, Object.entries(junkLines));
    return junk(victim, segment, make(victim, random), what, false);
  }, Object.keys(junkLines).length),
  atEverySegment('junk that looks torn after the end', (segment, victim, random) => {
    const [what, make] = draw(random, Object.entries(tornEnds));
    return junk(victim, segment, make(victim, random), what, true);
  }, Object.keys(tornEnds).length),
];
