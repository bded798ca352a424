// Attacks that mean to be taken for something harmless: a crash, a log that was never begun, a file that may not be read.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeHead } from '../../src/log/head.js';
import { segmentName } from '../../src/log/segment.js';
import { Frontier } from '../../src/checkpoint/merkle.js';
import type { MemoryDisk } from '../verify/memory-disk.js';
import { both } from './attack.js';
import type { Attack, DiskAttempt } from './attack.js';
import { draw, drawJunk } from './draw.js';
import { stateBehind } from './state.js';
import { keysAt } from './toolkit.js';
import { paths } from './victim.js';
import type { LineRef, Victim } from './victim.js';

/** A line with a letter changed. */
function edited(line: LineRef): Buffer {
  return Buffer.from(line.bytes.toString('latin1').replace(/"kind":"./, '"kind":"X'), 'latin1');
}

/** A copy with that line edited. */
function withEdited(victim: Victim, line: LineRef): MemoryDisk {
  return victim.with(line.segment, line.segment.lines.map((other) => (other === line ? edited(line) : other.bytes)));
}

/** What may be made unreadable, beside what was edited. */
const beside = [paths.checkpoint, paths.logPub, paths.current, 'a segment'] as const;

const unreadable: Attack = {
  family: 'State', name: 'edited, and another file made unreadable', on: both,
  count: (victim) => victim.lines.length * beside.length,
  at: (index, victim, random) => {
    const line = victim.lines[index % victim.lines.length];
    const what = beside[Math.floor(index / victim.lines.length)];
    if (line === undefined || what === undefined) return undefined;
    const path = what === 'a segment' ? draw(random, victim.segments.filter((segment) => segment !== line.segment)).path : what;
    return {
      what: `record ${line.seq}, and ${path} unreadable`, publicly: false, residual: 'unreadable',
      disk: () => {
        const disk = withEdited(victim, line);
        disk.nodes.set(path, 'unreadable');
        return disk;
      },
    };
  },
};

const keysNoDirectory: Attack = {
  family: 'State', name: 'edited, and keys/ no directory any more', on: (logs) => [logs.line],
  count: (victim) => victim.lines.length,
  at: (index, victim): DiskAttempt | undefined => {
    const line = victim.lines[index];
    if (line === undefined) return undefined;
    return {
      what: `record ${line.seq}`, publicly: line.seq <= victim.covered, where: { segment: line.segment.name, lines: [line.index + 1, line.index + 1] },
      spoil: (directory) => {
        writeFileSync(join(directory, line.segment.path), withEdited(victim, line).file(line.segment.path));
        rmSync(join(directory, paths.keys), { recursive: true });
        writeFileSync(join(directory, paths.keys), '');
      },
    };
  },
};

/** The sealed head of a log that was begun and has nothing yet. */
function firstHead(victim: Victim): Buffer {
  const key = { epoch: 0, step: 0 };
  const empty = { seq: 0, mac: '0'.repeat(64), segment: '', bytes: 0, root: Frontier.empty().root() };
  return encodeHead({ origin: victim.key.origin, ...empty, key }, keysAt(victim, key).step);
}

const nothingThere: Attack = {
  family: 'State', name: 'everything gone, or as before the first record', on: both,
  count: () => 4,
  at: (index, victim) => ({
    what: ['all of it', 'all but keys/', 'all but log.pub, and the first head', 'the segments, and the first head'][index] ?? '', publicly: false, residual: 'no_log',
    disk: () => {
      const disk = victim.disk.copy();
      const isLeft = (path: string): boolean => [false, path.startsWith(paths.keys), path === paths.logPub, !path.startsWith('/log/')][index] ?? false;
      for (const path of [...disk.nodes.keys()]) if (!isLeft(path)) disk.nodes.delete(path);
      if (index > 1) disk.nodes.set(paths.head, firstHead(victim));
      return disk;
    },
  }),
};

const emptySegments: Attack = {
  family: 'Segments', name: 'an empty segment put in', on: both,
  count: (victim) => victim.last.seq + 5,
  at: (index, victim) => {
    const name = segmentName(index + 1);
    if (victim.disk.nodes.has(`/log/${name}`)) return undefined;
    const isNext = index === victim.last.seq && victim.last.own === 'seal';
    return {
      what: name, publicly: index < victim.covered, ...(isNext ? { residual: 'torn_end' as const } : {}), where: { segment: name },
      disk: () => {
        const disk = victim.disk.copy();
        disk.nodes.set(`/log/${name}`, Buffer.alloc(0));
        return disk;
      },
    };
  },
};

/** What a power cut leaves in the place of what it took. */
const tornEnds = ['half a line', 'zeros', 'zeros to the same length'] as const;

const rolledBackTorn: Attack = {
  family: 'State', name: 'log and head rolled back, the end made to look torn', on: both,
  count: (victim) => victim.lines.length - 1,
  at: (index, victim, random) => {
    const line = victim.lines[index];
    const next = victim.lines[index + 1];
    if (line === undefined || next === undefined || line.frame.open || next.segment !== line.segment) return undefined;
    const how = draw(random, tornEnds);
    return {
      what: `to record ${line.seq}, then ${how}`, publicly: line.seq <= victim.covered,
      disk: () => {
        const back = stateBehind(victim, victim.lines.slice(0, index + 1));
        back.nodes.set(paths.current, victim.disk.file(paths.current));
        const left = back.file(line.segment.path);
        const whole = victim.disk.file(line.segment.path).length;
        const end = { 'half a line': next.bytes.subarray(0, 200), zeros: Buffer.alloc(4096), 'zeros to the same length': Buffer.alloc(whole - left.length) }[how];
        back.nodes.set(line.segment.path, Buffer.concat([left, end]));
        return back;
      },
    };
  },
};

/** What is torn behind the real head hides nothing before it. */
const tornAndEdited: Attack = {
  family: 'State', name: 'edited, and the end made to look torn', on: both,
  count: (victim) => victim.newest.lines.length,
  at: (index, victim, random) => {
    const line = victim.newest.lines[index];
    if (line === undefined) return undefined;
    const { segment } = line;
    return {
      what: `record ${line.seq}`, publicly: line.seq <= victim.covered, where: { segment: segment.name, lines: [index + 1, index + 1], seqs: [line.seq, line.seq] },
      disk: () => {
        const end = draw(random, [drawJunk(random, 300), Buffer.alloc(2048)]);
        return victim.with(segment, Buffer.concat([withEdited(victim, line).file(segment.path), end]));
      },
    };
  },
};

/** In memory. */
export const coverAttacks: readonly Attack[] = [emptySegments, rolledBackTorn, tornAndEdited, unreadable, nothingThere];

/** On a real disk. */
export const coverOnDisk: readonly Attack[] = [keysNoDirectory];
