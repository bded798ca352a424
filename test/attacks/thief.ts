// The thief's game: he holds the whole state directory from a moment on, and tries to change what was acknowledged before it.
// Invariant: what he starts from is a log that is whole, with a head under his own key; so what is found is what he did.
import { logStart } from '../../src/log/record.js';
import type { Link } from '../../src/log/record.js';
import type { MemoryDisk } from '../verify/memory-disk.js';
import type { Attack, Attempt } from './attack.js';
import { atLine } from './attack.js';
import { draw } from './draw.js';
import type { Random } from './draw.js';
import { anyEdit } from './edits.js';
import { playGame } from './game.js';
import type { Logs } from './logs.js';
import { relinked } from './relink.js';
import { Forger, bodyOf, eventBody, keyBehind, linesBefore, renamedWalker, stolenWalker } from './toolkit.js';
import { paths } from './victim.js';
import type { LineRef, Victim } from './victim.js';

const lf = Buffer.from('\n');

/** The moments at which somebody held everything, and the two logs as they lie there in the end. */
const moments = (logs: Logs): readonly Victim[] => [...logs.group.snapshots, ...logs.line.snapshots, logs.group, logs.line];

/** The lines that were acknowledged, or stood before one that was, when the thief came. */
function acknowledgedLines(victim: Victim): readonly LineRef[] {
  return victim.lines.filter(({ seq }) => seq <= victim.acknowledged);
}

type At = (line: LineRef, victim: Victim, random: Random) => Attempt | undefined;

/** An attack on every acknowledged record of every moment. */
function onAcknowledged(name: string, at: At, times = 1): Attack {
  return {
    family: 'Thief', name, on: moments,
    count: (victim) => acknowledgedLines(victim).length * times,
    at: (index, victim, random) => {
      const lines = acknowledgedLines(victim);
      const line = lines[index % lines.length];
      return line === undefined ? undefined : at(line, victim, random);
    },
  };
}

/** A copy with these lines in place of all from one on, where they were in their segments. */
function rewritten(victim: Victim, from: LineRef, lines: readonly Buffer[]): MemoryDisk {
  const disk = Forger.onto(victim).disk();
  const own = linesBefore(victim);
  let index = 0;
  for (const segment of victim.segments) {
    const content = own.filter((line) => line.segment === segment).map((line) => {
      if (line.seq < from.seq) return line.bytes;
      index += 1;
      return lines[index - 1] ?? Buffer.alloc(0);
    });
    if (content.length > 0) disk.nodes.set(segment.path, Buffer.concat(content));
  }
  return disk;
}

/** What a line follows. */
function before({ seq }: LineRef, victim: Victim): Link {
  return victim.line(seq - 1)?.frame ?? logStart;
}

/** The lines from one on that the thief stands behind, the first of them edited. */
function editedFrom(line: LineRef, victim: Victim, random: Random): readonly Buffer[] | undefined {
  const text = draw(random, anyEdit)(line.bytes.toString('utf8', 0, line.bytes.length - 1), random);
  if (text === undefined || text.includes('\n')) return undefined;
  const behind = linesBefore(victim).filter(({ seq }) => seq > line.seq).map(({ bytes }) => bytes);
  return [Buffer.concat([Buffer.from(text), lf]), ...behind];
}

/** Whether the checkpoint that was kept at that moment covers a record. */
function publicly(victim: Victim, seq: number): boolean {
  return seq <= victim.covered;
}

/** A cut behind a line, by somebody who then goes on under a key name of his choice. */
function cut(line: LineRef, victim: Victim, random: Random): Attempt | undefined {
  if (line.seq >= victim.acknowledged) return undefined;
  const names = ['its own', 'the missing one'] as const;
  const [whose, also] = [draw(random, names), draw(random, ['nothing more', 'goes on', 'goes on and seals', 'goes on, seals, rotates'] as const)];
  return {
    what: `cut behind record ${line.seq}, ${also} under ${whose === 'its own' ? 'the stolen key\'s name' : 'the name of the missing key'}`,
    publicly: line.seq < victim.covered,
    disk: () => {
      const walker = whose === 'its own' ? stolenWalker(victim) : renamedWalker(victim, line.frame.open ? line.frame.key : keyBehind(line));
      const forger = Forger.onto(victim, victim.lines.filter(({ seq }) => seq <= line.seq), walker);
      // Where the log reaches as far as before, the number of records does not give him away.
      if (also !== 'nothing more') for (let n = 0; n < 3; n += 1) forger.commit([eventBody('nothing happened')]);
      if (also === 'goes on and seals') forger.seal();
      if (also === 'goes on, seals, rotates') forger.rotate().commit([eventBody('all is well')]);
      return forger.disk();
    },
  };
}

/** A new log in place of the old one, as like it as he can make it. */
function anew(index: number, victim: Victim): Attempt {
  const kinds = ['a new genesis alone', 'every record but one said again', 'said again, sealed and rotated where it was'];
  return {
    // Before the first seal he has the key that the public one names, and nothing was ever signed that could tell.
    what: kinds[index] ?? '', publicly: victim.covered > 0, where: { seqs: [1, 1] },
    disk: () => {
      const forger = Forger.anew(victim);
      if (index > 0) {
        for (const line of linesBefore(victim).slice(1)) {
          if (index === 2 && line.own === 'segment') forger.rotate();
          else if (line.own === 'seal') { if (index === 1) forger.seal(); } else if (line.own !== 'segment') forger.commit([bodyOf(line)]);
        }
      }
      forger.seal();
      const disk = forger.disk();
      // Whoever looks at log.pub first is to see the old one.
      if (index === 1) disk.nodes.set(paths.logPub, victim.disk.file(paths.logPub));
      return disk;
    },
  };
}

/** An older copy of everything, put back or written on. */
function olderSnapshot(index: number, victim: Victim, random: Random): Attempt | undefined {
  const older = victim.snapshots[index % victim.snapshots.length];
  if (older === undefined || older.acknowledged >= victim.acknowledged) return undefined;
  const also = draw(random, ['put back', 'written on', 'written on to the same length'] as const);
  return {
    what: `${older.name} ${also}`, residual: 'rollback', publicly: linesBefore(older).length < victim.covered,
    disk: () => {
      const forger = Forger.onto(older);
      if (also === 'written on') forger.commit([eventBody('nothing happened')]).seal();
      if (also === 'written on to the same length') while (forger.seq < victim.last.seq - 1) forger.commit([eventBody('nothing happened')]);
      return also === 'put back' ? forger.disk() : forger.seal().disk();
    },
  };
}

/** The log as it is now, with a key that had been overwritten by then: what the raw disk may still hold for a second. */
function overwrittenKey(index: number, victim: Victim): Attempt | undefined {
  const older = victim.snapshots[index % victim.snapshots.length];
  if (older === undefined || older.acknowledged >= victim.acknowledged) return undefined;
  return {
    what: `the key of ${older.name}`, residual: 'raw_disk', publicly: linesBefore(older).length < victim.covered,
    disk: () => {
      const forger = Forger.onto(older);
      const { seq } = forger;
      for (const line of victim.lines) {
        if (line.seq <= seq) continue;
        if (line.own === 'seal') forger.seal();
        else if (line.own !== 'segment') forger.commit([Buffer.from(bodyOf(line).toString('utf8').replace('"outcome":"denied"', '"outcome":"success"'))]);
      }
      return forger.disk();
    },
  };
}

/** What a segment holds at least when it is closed, and what the headers of the trimmed log want behind what goes. */
const floodBytes = 65_536;

/**
 * Where a header allows removal: he replaces what lies behind the last seal, whose keys are gone, seals that with the key
 * he has, and writes on until retention takes it away. Only the seals stay, and these are his to make.
 */
function flooded(victim: Victim, random: Random): Attempt | undefined {
  const own = linesBefore(victim);
  const seal = own.filter(({ own: kind }) => kind === 'seal').at(-1);
  if (seal === undefined) return undefined;
  const count = own.length - own.indexOf(seal) - 1;
  if (count === 0) return undefined;
  return {
    what: `${count} records behind the last seal replaced and flooded out`, residual: 'flooded', publicly: false,
    disk: () => {
      const forger = Forger.onto(victim, own.slice(0, own.indexOf(seal) + 1));
      const { segments } = forger;
      // In one commit: a key may not be further ahead than there are records.
      forger.commit(Array.from({ length: count }, () => eventBody(`nothing happened ${random()}`)));
      for (let n = 0; n < 2; n += 1) forger.rotate().commit([eventBody('x'.repeat(floodBytes))]);
      for (let n = 0; n < segments; n += 1) forger.retire();
      return forger.disk();
    },
  };
}

export const thiefAttacks: readonly Attack[] = [
  onAcknowledged('early edit, all behind linked and MAC\'d anew', (line, victim, random) => {
    const lines = editedFrom(line, victim, random);
    return lines === undefined ? undefined : {
      what: `record ${line.seq}`, where: atLine(line), publicly: publicly(victim, line.seq),
      disk: () => rewritten(victim, line, relinked(lines, before(line, victim), victim, false)),
    };
  }),
  onAcknowledged('the same, under the names of keys he has', (line, victim, random) => {
    const lines = editedFrom(line, victim, random);
    return lines === undefined ? undefined : {
      what: `record ${line.seq}`, where: atLine(line), publicly: publicly(victim, line.seq),
      disk: () => rewritten(victim, line, relinked(lines, before(line, victim), victim, true)),
    };
  }),
  onAcknowledged('a record taken out, all behind numbered anew', (line, victim, random) => {
    const behind = linesBefore(victim).filter(({ seq }) => seq > line.seq).map(({ bytes }) => bytes);
    const ownNames = random() < 0.5;
    return behind.length === 0 ? undefined : {
      what: `record ${line.seq}`, where: atLine(line, 1), publicly: publicly(victim, line.seq),
      disk: () => rewritten(victim, line, relinked(behind, before(line, victim), victim, ownNames)),
    };
  }),
  onAcknowledged('cut short and gone on', cut, 8),
  { family: 'Thief', name: 'new genesis, or a whole new log', on: moments, count: () => 3, at: anew },
  { family: 'Thief', name: 'random sequences of all he can do', on: moments, count: () => 1000, at: (_, victim, random) => playGame(victim, random) },
  { family: 'Thief', name: 'an older snapshot of everything', on: (logs) => [logs.group, logs.line], count: (victim) => victim.snapshots.length * 3, at: olderSnapshot },
  {
    family: 'Thief', name: 'another daemon on an older snapshot', on: (logs) => [logs.line], count: () => 1,
    at: (_, __, ___, logs) => ({ what: 'its whole state', residual: 'rollback', publicly: true, disk: () => logs.fork.disk.copy() }),
  },
  { family: 'Thief', name: 'flooded out, where retention is on', on: (logs) => [logs.retired], count: () => 3, at: (_, victim, random) => flooded(victim, random) },
  { family: 'Thief', name: 'an overwritten key from the raw disk', on: (logs) => [logs.group, logs.line], count: (victim) => victim.snapshots.length, at: overwrittenKey },
];
