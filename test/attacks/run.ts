// Carries out attempts and counts what verification says of them. Invariant: a miss is either counted as one or is a named
// residual that stood its own test; nothing is left out of the count.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { realDisk } from '../../src/disk/disk.js';
import { formatVerificationKey } from '../../src/keys/verification.js';
import type { Finding } from '../../src/verify/finding.js';
import { formatLogPub } from '../../src/verify/facts.js';
import { verify } from '../../src/verify/verify.js';
import type { VerifyOptions } from '../../src/verify/verify.js';
import { program, temporaryDirectory } from '../daemon.js';
import type { MemoryDisk } from '../verify/memory-disk.js';
import { residuals } from './attack.js';
import type { Attack, Attempt, ResidualName, Where } from './attack.js';
import { order } from './draw.js';
import type { Random } from './draw.js';
import type { Logs } from './logs.js';
import { paths } from './victim.js';
import type { Victim } from './victim.js';

/** What is looked at of a verification. */
export interface Said {
  /** Undefined: it did not end in time. */
  readonly exit: number | undefined;
  readonly findings: readonly Finding[];
}

/** With what it is looked at. */
export type Means = 'key' | 'public' | 'receipts';

/** Looks at a spoiled copy. */
export type Verifier = (disk: MemoryDisk, victim: Victim, means: Means) => Said;

/** How much is tried. */
export interface Extent {
  /** Attempts per class, spread over its logs; all there are if undefined. */
  readonly sample?: number;
  /** Every so many-th attempt is shown to the real command, too; never if 0. */
  readonly throughCommand: number;
}

/** An attempt that nobody found. */
export interface Miss {
  readonly attack: string;
  readonly log: string;
  readonly what: string;
  readonly why: string;
}

/** What came of one class. */
export interface Tally {
  readonly family: string;
  readonly name: string;
  tried: number;
  found: number;
  missed: number;
  residual: number;
  /** With the public key and a checkpoint: how many it had to find, and how many it did. */
  publicTried: number;
  publicFound: number;
}

/** What came of all. */
export interface Outcome {
  readonly tallies: readonly Tally[];
  readonly misses: readonly Miss[];
  readonly residuals: ReadonlyMap<ResidualName, number>;
  /** Attempts that the real command was shown, too. */
  readonly throughCommand: number;
  /** What took longest to verify. */
  readonly slowest: { readonly ms: number; readonly what: string };
}

/** A verification that has not ended by then hangs. */
const commandMsMax = 60_000;

/** What the library is given. */
function inputs(victim: Victim, means: Means): Omit<VerifyOptions, 'disk' | 'stateDirectory'> {
  const checkpoint = victim.checkpoint === undefined ? {} : { checkpoint: victim.checkpoint };
  if (means === 'public') return { pub: victim.logPub, ...checkpoint };
  const key = { key: { key: victim.key, besideLog: false } };
  return means === 'receipts' ? { ...key, receipts: victim.receipts } : key;
}

/** The library. */
export const byLibrary: Verifier = (spoiled, victim, means) => {
  const disk = spoiled.copy();
  const current = disk.nodes.get(paths.current);
  // What was read of the key file is wiped afterwards; the copies share theirs.
  if (Buffer.isBuffer(current)) disk.nodes.set(paths.current, Buffer.from(current));
  const said = verify({ disk, stateDirectory: '/', ...inputs(victim, means) });
  if (disk.opened > 0) throw new Error('verification left a file open');
  return said;
};

/** Writes a copy to a real directory. */
export function writeState(disk: MemoryDisk, directory: string): void {
  for (const [path, node] of disk.nodes) {
    const to = join(directory, path);
    mkdirSync(dirname(to), { recursive: true });
    if (Buffer.isBuffer(node)) writeFileSync(to, node);
    else if (typeof node === 'object') symlinkSync(node.link, to);
    else if (node === 'directory') mkdirSync(to, { recursive: true });
    else if (node === 'fifo') execFileSync('mkfifo', [to]);
  }
}

/** The command, on a state directory. */
function byCommand(directory: string, victim: Victim, means: 'key' | 'public'): Said {
  const outside = temporaryDirectory();
  const file = (name: string, text: string): string => {
    writeFileSync(join(outside, name), text);
    return join(outside, name);
  };
  const given = means === 'key'
    ? ['--key', file('key', `${formatVerificationKey(victim.key)}\n`)]
    : ['--pub', file('pub', formatLogPub(victim.logPub)), ...victim.checkpoint === undefined ? [] : ['--checkpoint', file('checkpoint', victim.checkpoint)]];
  try {
    const { status, stdout } = spawnSync(process.execPath, [program, 'verify', '--state-dir', directory, '--json', ...given], {
      encoding: 'utf8', timeout: commandMsMax, killSignal: 'SIGKILL', maxBuffer: 64 * 1024 * 1024,
    });
    const findings = stdout === '' ? [] : (JSON.parse(stdout) as Said).findings;
    return { exit: status ?? undefined, findings };
  } finally {
    rmSync(outside, { recursive: true });
  }
}

function points(finding: Finding, where: Where): boolean {
  const { segment, lines, seqs } = where;
  const inRange = (value: number | undefined, range: readonly [number, number] | undefined): boolean =>
    value !== undefined && range !== undefined && value >= range[0] && value <= range[1];
  if (inRange(finding.seq, seqs)) return true;
  if (segment === undefined || finding.segment !== segment) return false;
  return lines === undefined || inRange(finding.line, lines);
}

/** Why what was said does not do; undefined if it does. */
export function failing(said: Said, where: Where | undefined): string | undefined {
  if (said.exit !== 1) return said.exit === undefined ? 'it did not end' : `exit ${said.exit} (${codes(said)})`;
  if (where?.segment === undefined && where?.seqs === undefined) return undefined;
  if (said.findings.some((finding) => points(finding, where))) return undefined;
  const where_ = said.findings.slice(0, 3).map(({ code, segment, line, seq }) => `${code} ${segment ?? ''}:${line ?? ''} seq ${seq ?? ''}`);
  return `no finding at ${JSON.stringify(where)}, but ${where_.join('; ')}`;
}

function codes(said: Said): string {
  return [...new Set(said.findings.map(({ code }) => code))].join(' ') || 'no findings';
}

/** Runs attacks one after the other and keeps count. */
export class Run {
  readonly #logs: Logs;
  readonly #extent: Extent;
  readonly #random: Random;
  readonly #verifier: Verifier;
  readonly #tallies: Tally[] = [];
  readonly #misses: Miss[] = [];
  readonly #residuals = new Map<ResidualName, number>();
  #tried = 0;
  #throughCommand = 0;
  #slowest = { ms: 0, what: '' };

  constructor(logs: Logs, extent: Extent, random: Random, verifier: Verifier = byLibrary) {
    this.#logs = logs;
    this.#extent = extent;
    this.#random = random;
    this.#verifier = verifier;
  }

  get outcome(): Outcome {
    return {
      tallies: this.#tallies, misses: this.#misses, residuals: this.#residuals,
      throughCommand: this.#throughCommand, slowest: this.#slowest,
    };
  }

  /** One class, on every log it is for. */
  carryOut(attack: Attack): Tally {
    const { family, name } = attack;
    const tally: Tally = { family, name, tried: 0, found: 0, missed: 0, residual: 0, publicTried: 0, publicFound: 0 };
    this.#tallies.push(tally);
    const victims = attack.on(this.#logs);
    const { sample } = this.#extent;
    const each = sample === undefined ? undefined : Math.ceil(sample / victims.length);
    for (const victim of victims) {
      let tried = 0;
      for (const index of order(this.#random, attack.count(victim, this.#logs), each === undefined)) {
        const attempt = attack.at(index, victim, this.#random, this.#logs);
        if (attempt === undefined) continue;
        this.#try(attempt, victim, tally);
        tried += 1;
        if (tried === each) break;
      }
    }
    return tally;
  }

  #try(attempt: Attempt, victim: Victim, tally: Tally): void {
    tally.tried += 1;
    this.#tried += 1;
    const look = 'disk' in attempt ? this.#inMemory(attempt.disk(), victim) : this.#onDisk(attempt.spoil, victim);
    const begun = performance.now();
    const said = look('key');
    const failed = failing(said, attempt.where);
    const ms = performance.now() - begun;
    if (ms > this.#slowest.ms) this.#slowest = { ms, what: `${tally.name}: ${attempt.what}` };
    const say = (why: string): void => { this.#misses.push({ attack: tally.name, log: victim.name, what: attempt.what, why }); };
    const miss = (why: string): void => {
      tally.missed += 1;
      say(why);
    };
    if (failed === undefined) tally.found += 1;
    else if (attempt.residual === undefined || said.exit !== residuals[attempt.residual].exit) miss(failed);
    else {
      const { foundBy } = residuals[attempt.residual];
      const lost = foundBy === 'nothing' ? undefined : failing(look(foundBy), undefined);
      if (lost === undefined) {
        tally.residual += 1;
        this.#residuals.set(attempt.residual, (this.#residuals.get(attempt.residual) ?? 0) + 1);
      } else miss(`${failed}; with ${foundBy}: ${lost}`);
    }
    if (!attempt.publicly) return;
    tally.publicTried += 1;
    const unseen = failing(look('public'), undefined);
    if (unseen === undefined) tally.publicFound += 1;
    else say(`public key and checkpoint: ${unseen}`);
  }

  #inMemory(disk: MemoryDisk, victim: Victim): (means: Means) => Said {
    const { throughCommand } = this.#extent;
    // A file that may not be read cannot be made for root.
    const isReal = ![...disk.nodes.values()].includes('unreadable');
    if (isReal && throughCommand > 0 && this.#tried % throughCommand === 0) this.#compare(disk, victim);
    return (means) => this.#verifier(disk, victim, means);
  }

  /** The command's exit status is the library's. @throws Error if not */
  #compare(disk: MemoryDisk, victim: Victim): void {
    const directory = temporaryDirectory();
    try {
      writeState(disk, directory);
      for (const means of ['key', 'public'] as const) {
        const said = byCommand(directory, victim, means).exit;
        const expected = verify({ disk: realDisk, stateDirectory: directory, ...inputs(victim, means) }).exit;
        if (said !== expected || this.#verifier(disk, victim, means).exit !== expected) {
          throw new Error(`the command exits with ${said ?? 'a signal'}, the library says ${expected}`);
        }
      }
      this.#throughCommand += 1;
    } finally {
      rmSync(directory, { recursive: true });
    }
  }

  #onDisk(spoil: (directory: string) => void, victim: Victim): (means: Means) => Said {
    return (means) => {
      const directory = temporaryDirectory();
      try {
        writeState(victim.disk, directory);
        spoil(directory);
        this.#throughCommand += 1;
        return byCommand(directory, victim, means === 'public' ? 'public' : 'key');
      } finally {
        rmSync(directory, { recursive: true });
      }
    };
  }
}
