// The whole matrix as a list of jobs, each on a bench of its own, so that several can run side by side.
import { randomFrom } from '../log/memory-disk.js';
import { failRunning } from './errors.js';
import type { Mode, Phase } from './phases.js';
import { modes, phases } from './phases.js';
import type { KillPoint } from './running-kills.js';
import { callsOf, killRunning } from './running-kills.js';
import type { Beginning } from './start-kills.js';
import { callsOfStart, killStarts } from './start-kills.js';
import { failStarts } from './start-errors.js';
import type { Tally } from './tally.js';
import type { Template } from './templates.js';
import type { ErrorPoint } from './trouble.js';
import { errorPoints } from './trouble.js';

export type Job = (tally: Tally) => Promise<void>;

/** Points that share one bench: few enough that its log stays small and a defect spoils little. */
const pointsPerJob = 12;

/** Both sides of every call. */
function killPoints(calls: number): KillPoint[] {
  return Array.from({ length: calls }, (_, index) => [
    { at: index + 1, side: 'before' } as const, { at: index + 1, side: 'after' } as const,
  ]).flat();
}

export function inPieces<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}

/** `count` of the items, the same for the same seed, in their order; all of them if there are no more. */
export function sampleOf<T>(items: readonly T[], count: number, seed: number): T[] {
  const random = randomFrom(seed);
  return items.map((item, index) => ({ item, index, rank: random() })).sort((a, b) => a.rank - b.rank).slice(0, count)
    .sort((a, b) => a.index - b.index).map(({ item }) => item);
}

/** A first start, and one on each of what crashes leave. */
export function beginnings(templates: readonly Template[]): Beginning[] {
  const firsts = modes.slice(0, 1).map((mode) => ({ name: 'first start', mode, template: undefined }));
  return [...firsts, ...templates.map((template) => ({ name: template.start, mode: template.mode, template }))];
}

interface Target<Point> {
  readonly points: readonly Point[];
  run(points: readonly Point[], tally: Tally): Promise<void>;
}

function jobsOf<Point>(targets: readonly Target<Point>[], sample: number | undefined, seed: number): Job[] {
  const all = targets.flatMap((target) => target.points.map((point) => ({ target, point })));
  const chosen = sample === undefined ? all : sampleOf(all, sample, seed);
  return targets.flatMap((target) => {
    const points = chosen.filter((one) => one.target === target).map(({ point }) => point);
    return inPieces(points, pointsPerJob).map((piece): Job => (tally) => target.run(piece, tally));
  });
}

export interface Choice {
  readonly shim: string;
  /** Names of phases; all when undefined. */
  readonly phase: string | undefined;
  /** How many faults; all when undefined. */
  readonly sample: number | undefined;
  readonly seed: number;
  /** Of the two or four modes of a phase, so many; all when undefined. */
  readonly modes?: number;
}

/** Every kill of every phase that was chosen. */
export async function killJobs(choice: Choice, templates: readonly Template[]): Promise<Job[]> {
  const { shim, phase: only, sample, seed, modes: modesMax } = choice;
  const targets: Target<KillPoint>[] = [];
  for (const phase of phases.filter(({ name }) => only === undefined || name === only)) {
    for (const mode of modes.slice(0, modesMax)) targets.push(await runningTarget(shim, phase, mode));
  }
  for (const beginning of beginnings(templates).filter(({ name }) => only === undefined || name === only)) {
    const calls = await callsOfStart(shim, beginning);
    const points = killPoints(calls.length);
    // The log is made by a child of the daemon: it may die alone, or both may.
    for (const [index, { process }] of calls.entries()) {
      if (process === 'init') points.push({ at: index + 1, side: 'before', withParent: true });
    }
    targets.push({ points, run: (some, tally) => killStarts(shim, beginning, some, tally) });
  }
  return jobsOf(targets, sample, seed);
}

async function runningTarget(shim: string, phase: Phase, mode: Mode): Promise<Target<KillPoint>> {
  const calls = await callsOf(shim, phase, mode);
  return { points: killPoints(calls.length), run: (points, tally) => killRunning(shim, phase, mode, points, tally) };
}

/** Line by line, and in groups with the head always synced: the other modes have no call that these lack. */
const errorModes = 2;

/** Every error of every phase that was chosen. */
export async function errorJobs(choice: Choice, templates: readonly Template[]): Promise<Job[]> {
  const { shim, phase: only, sample, seed, modes: modesMax = errorModes } = choice;
  const targets: Target<ErrorPoint>[] = [];
  for (const phase of phases.filter(({ name }) => only === undefined || name === only)) {
    for (const mode of modes.slice(0, modesMax)) {
      const points = errorPoints(await callsOf(shim, phase, mode));
      targets.push({ points, run: (some, tally) => failRunning(shim, phase, mode, some, tally) });
    }
  }
  for (const beginning of beginnings(templates).filter(({ name }) => only === undefined || name === only)) {
    const points = errorPoints(await callsOfStart(shim, beginning));
    targets.push({ points, run: (some, tally) => failStarts(shim, beginning, some, tally) });
  }
  return jobsOf(targets, sample, seed);
}

/** The jobs in an order that the seed decides, so that those that were run are a fair share of all, wherever it ends. */
export function inAnyOrder(jobs: readonly Job[], seed: number): Job[] {
  const random = randomFrom(seed);
  return jobs.map((job) => ({ job, rank: random() })).sort((a, b) => a.rank - b.rank).map(({ job }) => job);
}

/** Runs jobs, so many at a time, and begins none when `signal` is aborted. */
export async function runJobs(
  jobs: readonly Job[], lanes: number, tally: Tally, onJob: (done: number) => void, signal?: AbortSignal,
): Promise<void> {
  let next = 0;
  let done = 0;
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let job = jobs[next++]; job !== undefined && signal?.aborted !== true; job = jobs[next++]) {
      await job(tally);
      done += 1;
      onJob(done);
    }
  }));
}
