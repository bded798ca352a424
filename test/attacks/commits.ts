// Attacks on commits: lines that share a step key. The thief here is one of the moment right behind the commit: he holds the
// successor of its key and of nothing before.
import { ownBody } from '../../src/log/own.js';
import { both, isCovered, onSegment, spliced } from './attack.js';
import type { Attack, Attempt } from './attack.js';
import { draw, drawBelow } from './draw.js';
import type { Random } from './draw.js';
import { sealedWith } from './line.js';
import { Forger, eventBody, keyBehind, keysAt } from './toolkit.js';
import type { LineRef, Victim } from './victim.js';

/** The lines of one commit. */
type Commit = readonly LineRef[];

function commitsOf(victim: Victim): readonly Commit[] {
  const commits: LineRef[][] = [];
  let open = false;
  for (const line of victim.lines) {
    if (open) commits.at(-1)?.push(line);
    else commits.push([line]);
    open = line.frame.open;
  }
  return commits;
}

const manyLined = (victim: Victim): readonly Commit[] => commitsOf(victim).filter((commit) => commit.length > 1);

/** An attack on every commit of several lines. */
function atEveryCommit(
  name: string, times: number, at: (commit: Commit, victim: Victim, random: Random) => Attempt | undefined,
): Attack {
  return {
    family: 'Commits', name, on: (logs) => [logs.group],
    count: (victim) => manyLined(victim).length * times,
    at: (index, victim, random) => {
      const commits = manyLined(victim);
      const commit = commits[index % commits.length];
      return commit === undefined ? undefined : at(commit, victim, random);
    },
  };
}

function ends(commit: Commit): { readonly first: LineRef; readonly last: LineRef } {
  const [first, last] = [commit[0], commit.at(-1)];
  if (first === undefined || last === undefined) throw new Error('a commit without a line');
  return { first, last };
}

/** How many of a commit's lines are left: at least one, not all. */
function someOf(commit: Commit, random: Random): number {
  return 1 + drawBelow(random, commit.length - 1);
}

/** A line's end of commit changed, its MAC under whatever key. */
function closed(line: LineRef, isOpen: boolean, key: Buffer | undefined): Buffer {
  const text = line.bytes.toString('utf8', 0, line.bytes.length - 1)
    .replace(/("key":"[\d.]+)\+?"/, isOpen ? '$1+"' : '$1"');
  const edited = Buffer.from(text);
  return Buffer.concat([key === undefined ? edited : sealedWith(edited, key), Buffer.from('\n')]);
}

export const commitAttacks: readonly Attack[] = [
  atEveryCommit('cut to its first lines', 2, (commit, victim, random) => {
    const { first, last } = ends(commit);
    const { segment } = first;
    const left = someOf(commit, random);
    const at = first.index + left;
    return onSegment(victim, segment, spliced(segment, at, last.index + 1, []), {
      what: `records ${first.seq} to ${last.seq} cut to ${left}`, publicly: isCovered(victim, first.seq + left),
      where: { segment: segment.name, lines: [at, at + 1], seqs: [first.seq + left, victim.last.seq] },
    });
  }),
  atEveryCommit('cut and closed, with its successor\'s key', 2, (commit, victim, random) => {
    const { first, last } = ends(commit);
    const { segment } = first;
    const left = someOf(commit, random);
    const end = commit[left - 1] ?? first;
    const by = closed(end, false, random() < 0.5 ? undefined : keysAt(victim, keyBehind(last)).step);
    return onSegment(victim, segment, spliced(segment, end.index, last.index + 1, [by]), {
      what: `records ${first.seq} to ${last.seq} cut to ${left} and closed`, publicly: isCovered(victim, end.seq),
      where: { segment: segment.name, lines: [end.index + 1, end.index + 1], seqs: [end.seq, end.seq] },
    });
  }),
  atEveryCommit('cut and gone on with its successor\'s key', 4, (commit, victim, random) => {
    const { first, last } = ends(commit);
    const left = someOf(commit, random);
    const end = commit[left - 1] ?? first;
    const also = draw(random, ['gone on', 'closed and gone on', 'left at that'] as const);
    return {
      what: `records ${first.seq} to ${last.seq} cut to ${left}, ${also}`, publicly: end.seq < victim.covered,
      where: { segment: end.segment.name, lines: [end.index + 1, end.index + 2], seqs: [end.seq, end.seq + 1] },
      disk: () => {
        const walker = keysAt(victim, keyBehind(last));
        const kept = victim.lines.filter(({ seq }) => seq <= end.seq)
          .map((line) => (also === 'closed and gone on' && line === end ? { ...line, bytes: closed(end, false, walker.step) } : line));
        const forger = Forger.onto(victim, kept, walker);
        if (also !== 'left at that') forger.commit([eventBody('nothing happened')]).commit([eventBody('nor here')]);
        return forger.disk();
      },
    };
  }),
  atEveryCommit('two commits made one, one made two', 4, (commit, victim, random) => {
    const { first, last } = ends(commit);
    const line = random() < 0.5 ? last : draw(random, commit.slice(0, -1));
    const key = random() < 0.5 ? undefined : keysAt(victim, keyBehind(last)).step;
    const { segment, index, seq } = line;
    return onSegment(victim, segment, spliced(segment, index, index + 1, [closed(line, line === last, key)]), {
      what: `records ${first.seq} to ${last.seq}: record ${seq} ${line === last ? 'left open' : 'closed'}`, publicly: isCovered(victim, seq),
      where: { segment: segment.name, lines: [index + 1, index + 1], seqs: [seq, seq] },
    });
  }),
  {
    family: 'Commits', name: 'a line moved into another commit', on: (logs) => [logs.group],
    count: (victim) => commitsOf(victim).length - 1,
    at: (index, victim) => {
      const line = commitsOf(victim)[index]?.at(-1);
      const next = commitsOf(victim)[index + 1]?.[0];
      if (next === undefined || line?.segment !== next.segment) return undefined;
      return onSegment(victim, line.segment, spliced(line.segment, line.index, next.index + 1, [next.bytes, line.bytes]), {
        what: `record ${line.seq} behind record ${next.seq}`, publicly: isCovered(victim, line.seq),
        where: { segment: line.segment.name, lines: [line.index + 1, line.index + 2], seqs: [line.seq, next.seq] },
      });
    },
  },
  {
    family: 'Commits', name: 'a seal moved into a commit', on: both,
    count: (victim) => victim.lines.filter(({ own }) => own === 'seal').length * 4,
    at: (index, victim, random) => {
      const seals = victim.lines.filter(({ own }) => own === 'seal');
      const seal = seals[index % seals.length];
      if (seal === undefined) return undefined;
      const { segment } = seal;
      const up = 1 + drawBelow(random, Math.min(6, seal.index));
      const over = segment.lines.slice(seal.index - up, seal.index).map(({ bytes }) => bytes);
      return onSegment(victim, segment, spliced(segment, seal.index - up, seal.index + 1, [seal.bytes, ...over]), {
        what: `the seal at record ${seal.seq} ${up} lines up`, publicly: isCovered(victim, seal.seq - up),
        where: { segment: segment.name, lines: [seal.index - up + 1, seal.index + 1], seqs: [seal.seq - up, seal.seq] },
      });
    },
  },
  {
    family: 'Commits', name: 'a seal made in a commit, with the current key', on: both,
    count: () => 3,
    at: (index, victim) => {
      const forger = Forger.onto(victim);
      const { seq } = forger;
      return {
        what: ['a line before it', 'a line behind it', 'between two lines'][index] ?? '', publicly: false,
        where: { segment: victim.newest.name, seqs: [seq + 1, seq + 3] },
        disk: () => {
          if (index !== 1) {
            // The notes must be over what stands before the seal, the lines of its own commit included.
            const probe = Forger.onto(victim).commit([eventBody('before')]);
            const bodies = [eventBody('before'), probe.sealBody().body, ...(index === 2 ? [eventBody('behind')] : [])];
            return forger.commit(bodies, index === 0).disk();
          }
          return forger.commit([forger.sealBody().body, eventBody('behind')]).disk();
        },
      };
    },
  },
  {
    family: 'Commits', name: 'own records made up by the holder of the key', on: both,
    count: () => 3,
    at: (index, victim) => {
      const forger = Forger.onto(victim);
      const where = { seqs: [forger.seq + 1, forger.seq + 2] as const };
      const kinds = [
        (): Forger => forger.commit([victim.lines[0]?.frame.body ?? Buffer.alloc(0)]),
        (): Forger => forger.commit([ownBody('segment', {
          format: 1, origin: victim.key.origin, genesis: '0'.repeat(64), log_pub: victim.logPub, retain: { bytes: 1, ms: 1 }, first: forger.seq + 1,
          tree_size: forger.seq, frontier: [], epoch_vkey: victim.logPub[1],
        }, 1)]),
        (): Forger => forger.commit([victim.lines.find(({ own }) => own === 'seal')?.frame.body ?? Buffer.alloc(0)], true),
      ];
      const make = kinds[index];
      return make === undefined ? undefined : { what: ['a genesis', 'a header', 'an old seal'][index] ?? '', where, publicly: false, disk: () => make().disk() };
    },
  },
];
