// Thefts dressed up as retention: segments taken away with what retention leaves behind, and what it leaves behind spoiled.
import { atLine, both, spliced } from './attack.js';
import type { Attack, Attempt, ResidualName } from './attack.js';
import { draw, drawBelow, drawBytes, drawJunk } from './draw.js';
import type { Random } from './draw.js';
import { sealedWith } from './line.js';
import { Forger, landmarksIn } from './toolkit.js';
import { paths, splitLines, retainBytes } from './victim.js';
import type { SegmentRef, Victim } from './victim.js';

const lf = Buffer.from('\n');
const retiredName = 'retired.jsonl';

/** What lies in `retired.jsonl`. */
function retiredIn(victim: Victim): Buffer {
  return victim.disk.nodes.has(paths.retired) ? victim.disk.file(paths.retired) : Buffer.alloc(0);
}

/** The oldest segments taken away, their headers and seals in `retired.jsonl`, these passed through `edit`. */
function dressed(victim: Victim, count: number, edit: (line: Buffer) => Buffer, rest: Omit<Attempt, 'disk' | 'what'> & { readonly what: string }): Attempt | undefined {
  const gone = victim.segments.slice(0, count);
  if (gone.length === victim.segments.length) return undefined;
  return {
    ...rest,
    disk: () => {
      const disk = victim.disk.copy();
      const left = Buffer.concat([retiredIn(victim), ...gone.map(({ path }) => landmarksIn(victim.disk.file(path)))]);
      disk.nodes.set(paths.retired, Buffer.concat(splitLines(left).map(edit)));
      for (const { path } of gone) disk.nodes.delete(path);
      return disk;
    },
  };
}

/** A header whose `retain` allows everything, its MAC under whatever key. */
function allowing(key: Buffer | undefined): (line: Buffer) => Buffer {
  return (line) => {
    const edited = Buffer.from(line.toString('utf8', 0, line.length - 1).replace(/"retain":\{"bytes":\d+,"ms":\d+\}/, '"retain":{"bytes":1,"ms":1}'));
    return Buffer.concat([key === undefined ? edited : sealedWith(edited, key), lf]);
  };
}

const asItIs = (line: Buffer): Buffer => line;

/** How many oldest segments are taken, by attempt. */
function countOf(index: number, victim: Victim): number {
  return 1 + (index % (victim.segments.length - 1));
}

type RetiredEdit = (lines: readonly Buffer[], at: number, random: Random, victim: Victim) => readonly Buffer[];

/** A missing entry is found there, or at the record that tells of its segment's removal. */
function removalsTold(victim: Victim): { readonly seqs?: readonly [number, number] } {
  const told = victim.lines.filter(({ own }) => own === 'segment_removed').map(({ seq }) => seq);
  return told.length === 0 ? {} : { seqs: [Math.min(...told), Math.max(...told)] };
}

/** An attack on what is in `retired.jsonl`, line by line. */
function onRetired(name: string, publicly: boolean, edit: RetiredEdit, residual?: ResidualName): Attack {
  return {
    family: 'Segments', name, on: (logs) => [logs.retired],
    count: (victim) => splitLines(retiredIn(victim)).length * 100,
    at: (index, victim, random) => {
      const lines = splitLines(retiredIn(victim));
      const at = index % lines.length;
      const by = Buffer.concat(edit(lines, at, random, victim));
      if (by.equals(retiredIn(victim))) return undefined;
      return {
        what: `line ${at + 1}`, publicly, where: { segment: retiredName, ...removalsTold(victim) },
        ...(residual === undefined ? {} : { residual }),
        disk: () => {
          const disk = victim.disk.copy();
          disk.nodes.set(paths.retired, by);
          return disk;
        },
      };
    },
  };
}

function flipped(bytes: Buffer, random: Random): Buffer {
  const by = Buffer.from(bytes);
  const at = drawBelow(random, by.length);
  by[at] = (by[at] ?? 0) ^ (1 << drawBelow(random, 8));
  return by;
}

/** The bytes of all segments from one on. */
function bytesFrom(victim: Victim, segment: SegmentRef | undefined): number {
  return victim.segments.slice(segment === undefined ? victim.segments.length : victim.segments.indexOf(segment))
    .reduce((sum, { path }) => sum + victim.disk.file(path).length, 0);
}

export const retentionAttacks: readonly Attack[] = [
  {
    family: 'Segments', name: 'oldest deleted, dressed up as retention', on: both,
    count: (victim) => victim.segments.length - 1,
    at: (index, victim) => dressed(victim, countOf(index, victim), asItIs, { what: `${countOf(index, victim)} segments`, publicly: true, where: { segment: retiredName } }),
  },
  {
    family: 'Segments', name: 'the same, the header\'s permission forged', on: both,
    count: (victim) => (victim.segments.length - 1) * 3,
    at: (index, victim, random) => {
      const key = [undefined, drawBytes(random, 32), victim.loot.stored.step][index % 3];
      const count = countOf(Math.floor(index / 3), victim);
      // Without the key, nothing covers the header of a removed segment but its own MAC.
      return dressed(victim, count, allowing(key), { what: `${count} segments`, publicly: false, where: { segment: retiredName } });
    },
  },
  {
    family: 'Segments', name: 'the same, segment_removed made up by the key thief', on: both,
    count: (victim) => victim.segments.length - 1,
    at: (index, victim) => ({
      what: `${countOf(index, victim)} segments`, publicly: true, where: { segment: retiredName },
      disk: () => {
        const forger = Forger.onto(victim);
        for (let gone = 0; gone < countOf(index, victim); gone += 1) forger.retire();
        return forger.disk();
      },
    }),
  },
  {
    family: 'Segments', name: 'oldest deleted, a client having said segment_removed', on: both,
    count: (victim) => (victim.lines.some(({ frame }) => frame.body.includes('"kind":"segment_removed"')) ? 2 : 0),
    at: (index, victim) => {
      const [oldest, next] = victim.segments;
      if (oldest === undefined || next === undefined) return undefined;
      return {
        what: index === 0 ? 'nothing left behind' : 'a client\'s record left behind', publicly: true, where: { segment: retiredName, seqs: [1, next.first] },
        disk: () => {
          const disk = victim.disk.copy();
          disk.nodes.delete(oldest.path);
          const said = victim.lines.filter(({ frame }) => frame.body.includes('"kind":"segment_removed"'));
          if (index === 1) disk.nodes.set(paths.retired, Buffer.concat(said.map(({ bytes }) => bytes)));
          return disk;
        },
      };
    },
  },
  {
    family: 'Segments', name: 'a retention that the header did not allow', on: (logs) => [logs.retired],
    count: (victim) => victim.segments.length - 1,
    at: (index, victim) => {
      const count = countOf(index, victim);
      if (bytesFrom(victim, victim.segments[count]) >= retainBytes) return undefined;
      return dressed(victim, count, asItIs, { what: `${count} segments more`, publicly: true, where: { segment: retiredName } });
    },
  },
  {
    family: 'Segments', name: 'a retention that nobody made, where the header allows one', on: (logs) => [logs.retired],
    count: (victim) => victim.segments.length - 1,
    at: (index, victim) => {
      const count = countOf(index, victim);
      if (bytesFrom(victim, victim.segments[count]) < retainBytes) return undefined;
      return dressed(victim, count, asItIs, { what: `${count} segments more, and no segment_removed`, publicly: false });
    },
  },
  onRetired('retired.jsonl: a bit flipped', false, (lines, at, random) => lines.map((line, index) => (index === at ? flipped(line, random) : line))),
  onRetired('retired.jsonl: entries deleted', true, (lines, at, random) => [...lines.slice(0, at), ...lines.slice(at + 1 + drawBelow(random, 2))]),
  onRetired('retired.jsonl: entries doubled or swapped', true, (lines, at, random) => {
    const line = lines[at] ?? lf;
    const to = drawBelow(random, lines.length);
    if (random() < 0.5) return [...lines.slice(0, to), line, ...lines.slice(to)];
    return lines.with(at, lines[to] ?? lf).with(to, line);
  }),
  onRetired('retired.jsonl: an entry edited, with a made-up or the stolen key', false, (lines, at, random, victim) => lines.map((line, index) => {
    if (index !== at) return line;
    const key = draw(random, [drawBytes(random, 32), victim.loot.stored.step]);
    const text = line.toString('utf8', 0, line.length - 1).replace(/"ts":"2/, '"ts":"1');
    return Buffer.concat([sealedWith(Buffer.from(text), key), lf]);
  })),
  onRetired('retired.jsonl: junk put in', true, (lines, at, random) => [
    ...lines.slice(0, at), draw(random, [lf, Buffer.from('{}\n'), Buffer.concat([drawJunk(random, 80), lf])]), ...lines.slice(at),
  ]),
  onRetired('retired.jsonl: cut short, often in its last line', true, (lines, at, random) => {
    const cut = random() < 0.5 ? lines.length - 1 : at;
    const line = lines[cut] ?? lf;
    // The line's end alone, or so much of it.
    return [...lines.slice(0, cut), line.subarray(0, random() < 0.2 ? -1 : drawBelow(random, line.length))];
  }),
  onRetired('retired.jsonl: junk that looks torn at its end', false, (lines, _at, random) => [...lines, drawJunk(random, 80)], 'torn_end'),
  {
    family: 'Segments', name: 'retired.jsonl deleted, emptied, or of a log that needs none', on: (logs) => [logs.retired, logs.line],
    count: (victim) => (retiredIn(victim).length > 0 ? 2 : 1),
    at: (index, victim, _, logs) => ({
      what: ['deleted', 'emptied'][index] ?? '', publicly: true, where: retiredIn(victim).length > 0 ? { segment: retiredName } : {},
      disk: () => {
        const disk = victim.disk.copy();
        if (retiredIn(victim).length === 0) disk.nodes.set(paths.retired, retiredIn(logs.retired));
        else if (index === 0) disk.nodes.delete(paths.retired);
        else disk.nodes.set(paths.retired, Buffer.alloc(0));
        return disk;
      },
    }),
  },
  {
    family: 'Segments', name: 'lines of a trimmed log edited', on: (logs) => [logs.retired],
    count: (victim) => victim.lines.length,
    at: (index, victim, random) => {
      const line = victim.lines[index];
      if (line === undefined) return undefined;
      const by = flipped(line.bytes.subarray(0, -1), random);
      return {
        what: `record ${line.seq}`, publicly: line.seq <= victim.covered, where: atLine(line, 1),
        disk: () => victim.with(line.segment, spliced(line.segment, line.index, line.index + 1, [by, lf])),
      };
    },
  },
];
