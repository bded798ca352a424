// Attacks on whole segments: taken away, renamed, put together, taken from other logs, with a header of somebody's making.
import { parseSegmentName, segmentName } from '../../src/log/segment.js';
import { both, isCovered, onSegment, spliced } from './attack.js';
import type { Attack, Attempt, Where } from './attack.js';
import { draw, drawBelow, drawBytes } from './draw.js';
import type { Random } from './draw.js';
import { sealedWith } from './line.js';
import type { Logs } from './logs.js';
import { paths } from './victim.js';
import type { LineRef, SegmentRef, Victim } from './victim.js';

const lf = Buffer.from('\n');

/** An attack on every segment, some times. */
function atEverySegment(
  name: string, times: number, at: (segment: SegmentRef, victim: Victim, random: Random, logs: Logs) => Attempt | undefined,
): Attack {
  return {
    family: 'Segments', name, on: both,
    count: (victim) => victim.segments.length * times,
    at: (index, victim, random, logs) => {
      const segment = victim.segments[index % victim.segments.length];
      return segment === undefined ? undefined : at(segment, victim, random, logs);
    },
  };
}

function lastOf(segment: SegmentRef): LineRef {
  const line = segment.lines.at(-1);
  if (line === undefined) throw new Error('a segment without a line');
  return line;
}

/** Anywhere in a segment, or at its records or the next. */
function inSegment(segment: SegmentRef): Where {
  return { segment: segment.name, seqs: [segment.first, lastOf(segment).seq + 1] };
}

/** The same segment under another number. */
function renamed(segment: SegmentRef, victim: Victim, random: Random): Attempt | undefined {
  const last = lastOf(segment).seq;
  const first = draw(random, [segment.first + 1, Math.max(1, segment.first - 1), last + 1, last + 1_000_000, 2 ** 53 - 1]);
  const path = `/log/${segmentName(first)}`;
  if (victim.disk.nodes.has(path)) return undefined;
  return {
    what: `${segment.name} as ${segmentName(first)}`, publicly: isCovered(victim, segment.first),
    where: { segment: segmentName(first), seqs: [segment.first, first] },
    disk: () => {
      const disk = victim.disk.copy();
      disk.nodes.delete(segment.path);
      disk.nodes.set(path, victim.disk.file(segment.path));
      return disk;
    },
  };
}

function duplicated(segment: SegmentRef, victim: Victim, random: Random): Attempt | undefined {
  const first = draw(random, [segment.first + 1, lastOf(segment).seq, lastOf(segment).seq + 1, victim.last.seq + 1]);
  const path = `/log/${segmentName(first)}`;
  if (victim.disk.nodes.has(path)) return undefined;
  return {
    what: `${segment.name} also as ${segmentName(first)}`, where: { segment: segmentName(first) }, publicly: isCovered(victim, first),
    disk: () => {
      const disk = victim.disk.copy();
      disk.nodes.set(path, victim.disk.file(segment.path));
      return disk;
    },
  };
}

function exchanged(segment: SegmentRef, victim: Victim, random: Random): Attempt | undefined {
  const other = draw(random, victim.segments);
  if (other === segment) return undefined;
  return {
    what: `${segment.name} and ${other.name} in each other's place`, where: inSegment(segment), publicly: isCovered(victim, segment.first),
    disk: () => {
      const disk = victim.disk.copy();
      disk.nodes.set(segment.path, victim.disk.file(other.path));
      disk.nodes.set(other.path, victim.disk.file(segment.path));
      return disk;
    },
  };
}

function merged(segment: SegmentRef, victim: Victim): Attempt | undefined {
  const next = victim.segments[victim.segments.indexOf(segment) + 1];
  if (next === undefined) return undefined;
  return {
    what: `${segment.name} and ${next.name} in one`, publicly: isCovered(victim, next.first),
    where: { segment: segment.name, lines: [segment.lines.length + 1, segment.lines.length + 1], seqs: [next.first, next.first] },
    disk: () => {
      const disk = victim.with(segment, Buffer.concat([victim.disk.file(segment.path), victim.disk.file(next.path)]));
      disk.nodes.delete(next.path);
      return disk;
    },
  };
}

function parted(segment: SegmentRef, victim: Victim, random: Random): Attempt | undefined {
  const at = 1 + drawBelow(random, segment.lines.length - 1);
  const second = segment.lines.slice(at);
  const first = second[0]?.seq ?? 0;
  return {
    what: `${segment.name} in two, the second from record ${first} on`, publicly: isCovered(victim, first),
    where: { segment: segmentName(first), lines: [1, 1], seqs: [first - 1, first] },
    disk: () => {
      const disk = victim.with(segment, segment.lines.slice(0, at).map(({ bytes }) => bytes));
      disk.nodes.set(`/log/${segmentName(first)}`, Buffer.concat(second.map(({ bytes }) => bytes)));
      return disk;
    },
  };
}

/** A segment of another log in the place of this one's: under this one's name, or in addition under its own. */
function foreign(segment: SegmentRef, victim: Victim, other: Victim): Attempt | undefined {
  const by = other.segments[victim.segments.indexOf(segment)] ?? other.segments.at(-1);
  if (by === undefined || other.disk.file(by.path).equals(victim.disk.file(segment.path))) return undefined;
  // The fork is the same log up to where it was copied.
  const firstOther = by.lines.find((line, index) => !segment.lines[index]?.bytes.equals(line.bytes));
  const seq = Math.min(firstOther?.seq ?? segment.first, lastOf(segment).seq);
  return {
    what: `${segment.name}: ${other.name}'s ${by.name}`, publicly: isCovered(victim, seq), where: inSegment(segment),
    disk: () => victim.with(segment, other.disk.file(by.path)),
  };
}

/** This log up to a record, and from there on the other's, with or without the other's head and keys. */
function spliceOf(name: string, of: (logs: Logs) => Victim): Attack {
  return {
    family: 'Segments', name, on: (logs) => [logs.line],
    count: (victim) => victim.lines.length - 1,
    at: (index, victim, random, logs) => {
      const other = of(logs);
      const line = victim.lines[index];
      const next = other.lines[index + 1];
      // The fork is the same log up to where it was copied; spliced there it would be the fork itself.
      if (line === undefined || next === undefined || other.lines[index]?.bytes.equals(line.bytes) === true) return undefined;
      const whose = draw(random, ['its own', 'the other\'s'] as const);
      return {
        what: `up to record ${line.seq}, then ${other.name}'s; ${whose} head and keys`, publicly: line.seq < victim.covered,
        where: { seqs: [line.seq, line.seq + 1] },
        disk: () => {
          const disk = (whose === 'its own' ? victim : other).disk.copy();
          for (const path of [...disk.nodes.keys()]) if (parseSegmentName(path.slice('/log/'.length)) !== undefined) disk.nodes.delete(path);
          const put = (lines: readonly LineRef[]): void => {
            for (const { segment, bytes } of lines) {
              const before = disk.nodes.get(segment.path);
              disk.nodes.set(segment.path, Buffer.isBuffer(before) ? Buffer.concat([before, bytes]) : bytes);
            }
          };
          put(victim.lines.slice(0, index + 1));
          put(other.lines.slice(index + 1));
          return disk;
        },
      };
    },
  };
}

const headerEdits: Readonly<Record<string, (text: string, victim: Victim) => string>> = {
  'its number': (text) => text.replace(/"first":(\d+)/, (_, first: string) => `"first":${Number(first) + 1}`),
  'its tree\'s size': (text) => text.replace(/"tree_size":(\d+)/, (_, size: string) => `"tree_size":${Number(size) - 1}`),
  'its tree': (text) => text.replace(/"frontier":\["([A-Za-z0-9])/, (_, digit: string) => `"frontier":["${digit === 'A' ? 'B' : 'A'}`),
  'a subtree left out': (text) => text.replace(/"frontier":\["[^"]+",?/, '"frontier":['),
  'its retention': (text) => text.replace(/"retain":\{"bytes":\d+/, '"retain":{"bytes":1'),
  'its retention in time': (text) => text.replace(/"ms":\d+/, '"ms":1'),
  'the genesis': (text) => text.replace(/"genesis":"./, '"genesis":"x'),
  'its origin': (text) => text.replace(/"origin":"a/, '"origin":"b'),
  'its format': (text) => text.replace('"format":1', '"format":2'),
  'its epoch\'s key': (text, victim) => text.replace(/"epoch_vkey":"[^"]+"/, `"epoch_vkey":"${victim.logPub[1]}"`),
  'the log\'s keys': (text, victim) => text.replace(/"log_pub":\["[^"]+","[^"]+"\]/, `"log_pub":["${victim.logPub[0]}","${victim.logPub[0]}"]`),
  'its creation': (text) => text.replace(/"created":"2/, '"created":"1'),
  'its predecessor': (text) => text.replace('"previous":null', `"previous":{"origin":"a","seq":1,"mac":"${'0'.repeat(64)}"}`),
};

const forgedHeaders: Attack = {
  family: 'Segments', name: 'a forged header or genesis', on: both,
  count: (victim) => victim.segments.length * Object.keys(headerEdits).length * 3,
  at: (index, victim, random) => {
    const segment = victim.segments[Math.floor(index / 3) % victim.segments.length];
    const header = segment?.lines[0];
    const [what, edit] = Object.entries(headerEdits)[Math.floor(index / 3 / victim.segments.length)] ?? [];
    if (segment === undefined || header === undefined || edit === undefined) return undefined;
    const text = Buffer.from(edit(header.bytes.toString('utf8', 0, header.bytes.length - 1), victim));
    const keys = [undefined, drawBytes(random, 32), victim.loot.stored.step];
    const key = keys[index % keys.length];
    const by = Buffer.concat([key === undefined ? text : sealedWith(text, key), lf]);
    return onSegment(victim, segment, spliced(segment, 0, 1, [by]), {
      what: `${segment.name}: ${what ?? ''}`, publicly: isCovered(victim, header.seq),
      where: { segment: segment.name, lines: [1, 1], seqs: [header.seq, header.seq] },
    });
  },
};

/** A log that says it is of another format: not to be taken for one that somebody else must judge. */
const foreignFormats: Attack = {
  family: 'Segments', name: 'another format, and nothing that proves it', on: both,
  count: () => 3,
  at: (index, victim) => {
    const [oldest] = victim.segments;
    const genesis = victim.lines[0];
    if (oldest === undefined || genesis === undefined) return undefined;
    const edited = Buffer.from(genesis.bytes.toString('utf8').replace('"format":1', '"format":2'));
    return {
      what: ['its genesis', 'its genesis, and nothing else', 'its genesis, and every MAC'][index] ?? '', publicly: true, where: { seqs: [1, victim.last.seq] },
      disk: () => {
        const disk = victim.disk.copy();
        for (const segment of victim.segments) {
          const lines = segment.lines.map((line) => (line === genesis ? edited : line.bytes));
          disk.nodes.set(segment.path, Buffer.concat(index === 2 ? lines.map(spoiltMac) : lines));
          if (index === 1) disk.nodes.delete(segment.path);
        }
        if (index === 1) disk.nodes.set(oldest.path, edited);
        return disk;
      },
    };
  },
};

function spoiltMac(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString('latin1').replace(/[0-9a-f]{64}"\}\n$/, `${'0'.repeat(64)}"}\n`), 'latin1');
}

export const segmentAttacks: readonly Attack[] = [
  {
    family: 'Segments', name: 'newest, middle, oldest deleted', on: both,
    count: (victim) => victim.segments.length ** 2,
    at: (index, victim) => {
      const from = index % victim.segments.length;
      const gone = victim.segments.slice(from, from + 1 + Math.floor(index / victim.segments.length));
      const [first, last] = [gone[0], gone.at(-1)];
      if (first === undefined || last === undefined) return undefined;
      return {
        what: gone.map(({ name }) => name).join(' '), publicly: isCovered(victim, first.first), where: { seqs: [first.first, lastOf(last).seq + 1] },
        // All of them gone: nothing is left that a finding could point to.
        ...(gone.length === victim.segments.length ? { where: {} } : {}),
        disk: () => {
          const disk = victim.disk.copy();
          for (const { path } of gone) disk.nodes.delete(path);
          return disk;
        },
      };
    },
  },
  atEverySegment('renamed', 5, renamed),
  atEverySegment('duplicated', 4, duplicated),
  atEverySegment('reordered', 4, exchanged),
  atEverySegment('two merged', 1, (segment, victim) => merged(segment, victim)),
  atEverySegment('one made two', 8, parted),
  atEverySegment('another log\'s, with another key', 1, (segment, victim, _, logs) => foreign(segment, victim, logs.twin)),
  { ...atEverySegment('another history\'s, with the same key', 1, (segment, victim, _, logs) => foreign(segment, victim, logs.fork)), on: (logs) => [logs.line] },
  spliceOf('prefix of one, suffix of another log', (logs) => logs.twin),
  spliceOf('prefix of one, suffix of another history', (logs) => logs.fork),
  forgedHeaders,
  foreignFormats,
  {
    family: 'Segments', name: 'the whole of another log', on: (logs) => [logs.line],
    count: () => 3,
    at: (index, victim, _, logs) => ({
      what: ['its log/', 'all of it', 'all of it but log.pub'][index] ?? '', publicly: true,
      disk: () => {
        const disk = victim.disk.copy();
        for (const path of [...disk.nodes.keys()]) if (index > 0 || path.startsWith('/log/')) disk.nodes.delete(path);
        for (const [path, node] of logs.twin.disk.nodes) if (index > 0 || path.startsWith('/log/')) disk.nodes.set(path, node);
        if (index === 2) disk.nodes.set(paths.logPub, victim.disk.file(paths.logPub));
        return disk;
      },
    }),
  },
];
