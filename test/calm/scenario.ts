/** What a scenario is, and one run of it. */
import { Bench } from './bench.js';
import type { Alarm } from './bench.js';
import { Random } from '../random.js';

/** Something that happens to logs and is no tampering. */
export interface Scenario {
  readonly name: string;
  /** How often it is run, against the others. */
  readonly weight: number;
  /** Takes a log through it. All chance comes from `bench.random`. */
  readonly run: (bench: Bench) => Promise<void>;
  /** Where its log lies and what is to be taken away afterwards, if that is no ordinary directory. */
  readonly place?: () => { readonly state: string; readonly clear: () => void };
}

/** What one run came to. */
export interface Outcome {
  readonly scenario: string;
  readonly seed: number;
  readonly verifications: number;
  readonly alarms: readonly Alarm[];
  readonly undone: readonly string[];
  readonly notes: readonly string[];
}

/** Runs a scenario once. Whatever breaks in it is no alarm, and no pass either. */
export async function runOnce(scenario: Scenario, seed: number): Promise<Outcome> {
  const broken: string[] = [];
  let bench: Bench | undefined;
  let clearPlace: (() => void) | undefined;
  try {
    const place = scenario.place?.();
    clearPlace = place?.clear;
    bench = new Bench({ random: new Random(seed), ...(place === undefined ? {} : { state: place.state }) });
    await scenario.run(bench);
  } catch (error) {
    broken.push(error instanceof Error ? error.stack ?? error.message : String(error));
  }
  try {
    await bench?.clear();
    clearPlace?.();
  } catch (error) {
    broken.push(`could not clear up: ${String(error)}`);
  }
  if ((bench?.verifications ?? 0) === 0) broken.push('nothing was verified');
  return {
    scenario: scenario.name, seed, verifications: bench?.verifications ?? 0, alarms: bench?.alarms ?? [],
    undone: [...(bench?.undone ?? []), ...broken], notes: bench?.notes ?? [],
  };
}
