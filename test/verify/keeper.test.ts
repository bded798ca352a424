// What is kept behind the head: the log at every record of it, and never more than a bound.
import { describe, expect, it } from 'vitest';
import { Frontier, leafHash } from '../../src/checkpoint/merkle.js';
import { KeyWalker } from '../../src/keys/schedule.js';
import { SnapshotKeeper } from '../../src/verify/keeper.js';
import type { Snapshot } from '../../src/verify/snapshot.js';

/** A log that only counts: one commit of one or three lines after the other. */
class Course {
  readonly #walker = KeyWalker.atEpoch(0, Buffer.alloc(32));
  readonly #tree = Frontier.empty();
  readonly #withTree: boolean;
  seq = 0;

  constructor(withTree: boolean) {
    this.#withTree = withTree;
  }

  /** The next record; a header at every 50th, and behind it the key of another epoch. */
  pass(keeper: SnapshotKeeper): Snapshot {
    this.seq += 1;
    const { seq } = this;
    const leaf = this.#withTree ? leafHash(Buffer.from(String(seq))) : undefined;
    if (leaf !== undefined) this.#tree.append(leaf);
    const isHeader = seq % 50 === 0;
    const open = !isHeader && seq % 7 < 3;
    if (!open) this.#walker.evolve(isHeader);
    const mac = seq.toString(16).padStart(64, '0');
    const end = seq * 100;
    const take = (): Snapshot => ({
      seq, mac, open, next: this.#walker.name, segment: `segment ${Math.floor(seq / 50)}`, bytes: end,
      tree: this.#withTree ? this.#tree.copy() : undefined, step: Buffer.from(this.#walker.step),
    });
    if (seq >= keeper.nextSeq) keeper.offer({ seq, mac, open, end, leaf, plain: !isHeader }, take);
    return take();
  }
}

function plainOf(snapshot: Snapshot | undefined): object | undefined {
  return snapshot === undefined ? undefined : { ...snapshot, tree: snapshot.tree?.root().toString('hex') };
}

describe.each([true, false])('with the tree known: %s', (withTree) => {
  it('the log behind every record from the head on is what it was, and before it only what was asked for', () => {
    const keeper = new SnapshotKeeper([7], 20, () => 20);
    const course = new Course(withTree);
    const all = Array.from({ length: 333 }, () => course.pass(keeper));
    for (const snapshot of all) {
      const isKept = snapshot.seq === 7 || snapshot.seq >= 20;
      expect(keeper.covers(snapshot.seq)).toBe(isKept);
      expect(plainOf(keeper.at(snapshot.seq))).toEqual(isKept ? plainOf(snapshot) : undefined);
    }
  });
});

it('what stands before a head that was read since is let go, whatever was kept', () => {
  let head = 1;
  const keeper = new SnapshotKeeper([], 1, () => head);
  const course = new Course(true);
  for (let seq = 1; seq <= 100_000; seq += 1) {
    head = Math.max(1, seq - 40);
    course.pass(keeper);
  }
  const last = course.pass(keeper);
  expect(plainOf(keeper.at(last.seq))).toEqual(plainOf(last));
  expect([keeper.covers(1), keeper.covers(50_000), keeper.covers(99_990)]).toEqual([true, false, true]);
});

it('a head that is still to come lets go of all before it', () => {
  const keeper = new SnapshotKeeper([], 1, () => 1);
  const course = new Course(true);
  for (let seq = 1; seq <= 100; seq += 1) course.pass(keeper);
  keeper.expect(150);
  const all = Array.from({ length: 100 }, () => course.pass(keeper));
  expect([keeper.at(99), keeper.at(149)]).toEqual([undefined, undefined]);
  for (const snapshot of all.slice(49)) expect(plainOf(keeper.at(snapshot.seq))).toEqual(plainOf(snapshot));
});

it('behind a head that somebody put back, only that head\'s record is kept', () => {
  const keeper = new SnapshotKeeper([], 5, () => 5);
  const mac = 'a'.repeat(64);
  const take = (): Snapshot => ({ seq: 5, mac, open: false, next: { epoch: 0, step: 1 }, segment: 's', bytes: 5, tree: undefined, step: undefined });
  for (let seq = 5; seq <= 400_000; seq += 1) {
    if (seq >= keeper.nextSeq) keeper.offer({ seq, mac, open: false, end: seq, leaf: undefined, plain: true }, take);
  }
  expect(keeper.nextSeq).toBe(Number.POSITIVE_INFINITY);
  expect([keeper.covers(5), keeper.covers(300_000), keeper.at(5)?.seq, keeper.at(399_999)]).toEqual([true, false, 5, undefined]);
});
