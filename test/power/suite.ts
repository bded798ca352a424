/**
 * Power losses by the number: daemons live on recorded disks, and each disk is brought back as it was at moments that
 * chance chose. Invariant: a copy is a state that the disk may be in, and the ledger it is held against is one of just then.
 */
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Rule } from '../fault/board.js';
import { Random } from '../random.js';
import type { Journal } from './disk.js';
import { RecordedDisk, copyImage, journals } from './disk.js';
import type { History } from './life.js';
import { live } from './life.js';
import { restart } from './restart.js';
import type { Found } from './restart.js';
import type { Fate, Moment } from './write-log.js';
import { Platter, fates, readWriteLog } from './write-log.js';

/** How a daemon and its filesystem are set up. */
export interface Setting {
  readonly sync: 'line' | 'group';
  readonly headSync: 'second' | 'always';
  readonly journal: Journal;
}

/** Every pair of modes on every kind of journal; the first four are all pairs of modes. */
export const settings: readonly Setting[] = [0, 1, 2].flatMap((turn) =>
  (['line', 'group'] as const).flatMap((sync, row) => (['second', 'always'] as const).map((headSync, column) => ({
    sync, headSync, journal: journals[(turn + row + column) % journals.length] ?? 'ordered',
  }))));

/** One loss of power and what became of it. */
export interface Loss {
  readonly setting: Setting;
  readonly seed: number;
  readonly fate: Fate;
  readonly moment: Moment;
  /** Sectors behind the last flush, and how many of them the disk kept. */
  readonly sectors: number;
  readonly kept: number;
  /** Events acknowledged before. */
  readonly acknowledged: number;
  readonly found: Found | undefined;
  readonly problems: readonly string[];
  /** The image, before anybody looked at it, of a loss that went wrong. */
  readonly image: string | undefined;
}

export interface Plan {
  /** recorder.c, compiled. */
  readonly recorder: string;
  readonly setting: Setting;
  readonly seed: number;
  readonly losses: number;
  /** Requests of each life, about. */
  readonly requests: number;
  readonly lanes: number;
  /** The fault suite's shim, compiled. */
  readonly shim: string;
  /** What goes wrong all the time while it is recorded, for a test of this suite. */
  readonly rule?: Rule;
  readonly onLoss?: (loss: Loss) => void;
}

/** Of the losses so many come where a line is written and not synced: short stretches, and what ends in torn lines. */
const unsyncedShare = 0.4;
/** Images of losses that went wrong are kept, so many of one recording. */
const imagesMax = 3;

/** Records a daemon's lives on one disk, and cuts its power so many times. */
export async function record(plan: Plan): Promise<Loss[]> {
  const { setting: { sync, headSync, journal }, seed, requests } = plan;
  const place = realpathSync(mkdtempSync(join(tmpdir(), 'ind-power-')));
  try {
    const random = new Random(seed);
    const disk = await RecordedDisk.make(plan.recorder, place, journal);
    const env = { INDELIBLE_SYNC: sync, INDELIBLE_HEAD_SYNC: headSync };
    let history: History;
    try {
      history = await live({
        disk, random, env, requests, shim: plan.shim, rule: plan.rule, socket: join(place, 's'), board: join(place, 'board'),
      });
    } finally {
      await disk.end();
    }
    return await cut(plan, { place, disk, history, random, env });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

interface Recording {
  readonly place: string;
  readonly disk: RecordedDisk;
  readonly history: History;
  readonly random: Random;
  readonly env: Readonly<Record<string, string>>;
}

async function cut(plan: Plan, { place, disk, history, random, env }: Recording): Promise<Loss[]> {
  const { setting, seed, lanes, onLoss } = plan;
  const entries = readWriteLog(disk.log);
  if (entries.length === 0) throw new Error('nothing was written to the disk');
  const isUnsynced = (position: number): boolean => history.unsynced.some(({ from, to }) => position > from && position <= to);
  const unsynced = entries.flatMap(({ end }, index) => (isUnsynced(end) ? [index + 1] : []));
  const moments = Array.from({ length: plan.losses }, () =>
    (random.chance(unsyncedShare) ? random.pick(unsynced) : random.whole(1, entries.length))).sort((a, b) => a - b);
  const platter = new Platter(disk.before, entries);
  const losses: Loss[] = [];
  let next = 0;
  let images = 0;
  const lane = async (): Promise<void> => {
    for (let entry = moments[next]; entry !== undefined; entry = moments[next]) {
      const image = join(place, `loss-${next}`);
      next += 1;
      const moment = platter.advance(entry);
      const fate = random.pick(fates);
      copyImage(platter.path, image);
      const { kept, sectors } = platter.keep(image, moment, fate, random);
      const asItWas = `${image}.before`;
      copyImage(image, asItWas);
      const { ledger, problems: before } = history.until(moment.position);
      const { acknowledged } = ledger;
      const { problems, found } = await restart({ image, journal: setting.journal, env, ledger });
      const isWrong = problems.length + before.length > 0;
      const keep = isWrong && images < imagesMax ? join(mkdtempSync(join(tmpdir(), 'power-loss-')), 'image') : undefined;
      if (keep !== undefined) {
        images += 1;
        copyImage(asItWas, keep);
      }
      for (const path of [image, asItWas]) rmSync(path);
      const all = [...before, ...problems];
      const loss = { setting, seed, fate, moment, sectors, kept, acknowledged, found, problems: all, image: keep };
      losses.push(loss);
      onLoss?.(loss);
    }
  };
  try {
    // Each to its end, so that no daemon is left on a disk that is taken away.
    const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  } finally {
    platter.close();
  }
  return losses;
}
