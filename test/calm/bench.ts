/**
 * One log under watch: its daemon, what producers were told about it, and every verification it must stand. Invariant:
 * nothing that happens here is tampering, so whatever calls the log tampered with, lost or unverifiable is an alarm.
 */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTime } from '../../src/clock/in-time.js';
import { realDisk } from '../../src/disk/disk.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import { placesIn } from '../../src/log/segment.js';
import type { Places } from '../../src/log/segment.js';
import { parseLogPub } from '../../src/verify/facts.js';
import type { Receipt } from '../../src/verify/receipts.js';
import type { Report } from '../../src/verify/report.js';
import { verify } from '../../src/verify/verify.js';
import type { Ended } from '../daemon.js';
import { Daemon, temporaryDirectory } from '../daemon.js';
import { verifyByCommand } from './command.js';
import { judge } from './judge.js';
import type { Silences } from './judge.js';
import { Random } from '../random.js';

/** Longer than any start or stop takes on the slowest machine; behind it a daemon hangs, and that is an alarm. */
const patienceMs = 120_000;
/** Pictures of the state directory kept for one run: the first ones say the most. */
const picturesMax = 2;

/** What went wrong, and where the files are that show it. */
export interface Alarm {
  readonly what: string;
  /** A copy of the state directory, made while nothing wrote to it. */
  readonly kept: string | undefined;
}

/** What a verification is given besides the key. */
export interface Given {
  readonly receipts: readonly Receipt[];
  readonly checkpoint: string | undefined;
}

export interface BenchOptions {
  readonly random: Random;
  /** State directory; a new temporary one when absent. */
  readonly state?: string;
}

/** See the file's head. */
export class Bench {
  readonly random: Random;
  readonly state: string;
  /** For what belongs off the host: keys, checkpoints, receipts. */
  readonly elsewhere = mkdtempSync(join(tmpdir(), 'ind-e-'));
  readonly places: Places;
  readonly alarms: Alarm[] = [];
  /** What the run was meant to bring about and did not: without it, it proves nothing. */
  readonly undone: string[] = [];
  readonly notes: string[] = [];
  verifications = 0;
  /** Which silences are true. None, unless a scenario says otherwise. */
  silences: Silences = () => false;
  daemon: Daemon | undefined;
  /** Takes away what a scenario left elsewhere; called when the daemon has ended. */
  afterwards: () => void = () => undefined;
  readonly #receipts: Receipt[] = [];
  readonly #checkpoints: string[] = [];
  readonly #receiptFiles: string[] = [];
  #hasListened = false;
  #key: string | undefined;

  constructor(options: BenchOptions) {
    this.random = options.random;
    this.state = options.state ?? temporaryDirectory();
    this.places = placesIn(this.state);
  }

  /** Starts the daemon and waits until it listens. One that refuses or hangs is an alarm, and gives undefined. */
  async start(env: Readonly<Record<string, string>> = {}): Promise<Daemon | undefined> {
    const daemon = this.spawn(env);
    const outcome = await inTime(daemon.ready().then(() => 'listens', (error: unknown) => String(error)), patienceMs, 'hangs');
    if (outcome !== 'listens') {
      this.alarm(`the daemon did not start: ${outcome}`);
      await daemon.kill('SIGKILL');
      return undefined;
    }
    this.#hasListened = true;
    this.#key ??= readFileSync(this.places.verificationKey, 'utf8');
    return daemon;
  }

  /** Starts the daemon and waits for nothing. */
  spawn(env: Readonly<Record<string, string>> = {}): Daemon {
    this.daemon = Daemon.spawn({ state: this.state, socket: join(this.elsewhere, 's'), env });
    return this.daemon;
  }

  /** A clean stop; one that is not clean, or takes for ever, is an alarm. */
  async stop(): Promise<void> {
    const outcome = await inTime(this.daemon?.stop() ?? Promise.resolve(undefined), patienceMs, 'hangs');
    if (outcome === 'hangs') {
      this.alarm('the daemon does not stop');
      await this.daemon?.kill('SIGKILL');
    } else if (outcome !== undefined && outcome.code !== 0) this.alarm(`a clean stop ended with ${howEnded(outcome)}`);
  }

  /** The daemon, unless it has ended. */
  get running(): Daemon | undefined {
    return this.daemon?.process.exitCode === null && this.daemon.process.signalCode === null ? this.daemon : undefined;
  }

  async kill(): Promise<void> {
    await this.daemon?.kill('SIGKILL');
  }

  /** What was acknowledged to a producer in this process. */
  acknowledged(receipt: Receipt): void {
    this.#receipts.push(receipt);
  }

  /** What is acknowledged to a producer that keeps its own file. */
  acknowledgedIn(path: string): void {
    this.#receiptFiles.push(path);
  }

  /** Whatever was acknowledged until now. */
  receipts(): Receipt[] {
    const kept = this.#receiptFiles.filter((path) => existsSync(path)).flatMap((path) =>
      // The last piece may be half written.
      readFileSync(path, 'utf8').split('\n').slice(0, -1).map((line) => JSON.parse(line) as Receipt));
    return [...this.#receipts, ...kept];
  }

  /** The newest record that was acknowledged to anybody. */
  newestSeq(): number {
    return this.receipts().reduce((newest, { seq }) => Math.max(newest, seq), 0);
  }

  /** Puts the newest checkpoint away, as an auditor does now and then. */
  keepCheckpoint(): void {
    const note = realDisk.read(this.places.checkpoint)?.toString('utf8');
    if (note !== undefined && note !== this.#checkpoints.at(-1)) this.#checkpoints.push(note);
  }

  /** What is there to be given to a verification that begins now: all receipts, and one of the checkpoints. */
  given(): Given {
    const checkpoint = this.#checkpoints.length === 0 ? undefined : this.random.pick(this.#checkpoints);
    return { receipts: this.receipts(), checkpoint };
  }

  /** Verifies the log, or a copy of it, in this process: with the key, with the public key, or with one after the other. */
  check(when: string, state = this.state, given = this.given(), by: 'both' | 'key' | 'pub' = 'both'): void {
    const key = this.#verificationKey(state);
    const pub = parseLogPub(realDisk.read(join(state, 'log.pub'))?.toString('utf8') ?? '');
    const checkpoint = given.checkpoint === undefined ? {} : { checkpoint: given.checkpoint };
    const common = { disk: realDisk, stateDirectory: state, receipts: given.receipts, ...checkpoint };
    if (by !== 'pub' && key !== undefined) this.#watch(`${when}, with the key`, given, state, () => verify({ ...common, key: { key, besideLog: false } }));
    if (by !== 'key' && pub !== undefined) this.#watch(`${when}, with the public key`, given, state, () => verify({ ...common, pub }));
  }

  /** The same by the real command, while this process goes on; with the key. */
  async checkByCommand(when: string, state = this.state, given = this.given()): Promise<void> {
    if (this.#key === undefined) return;
    const keyFile = join(this.elsewhere, 'key');
    writeFileSync(keyFile, this.#key);
    const outcome = await verifyByCommand({ state, keyFile, elsewhere: this.elsewhere, given });
    this.verifications += 1;
    if (typeof outcome === 'string') this.alarm(`${when}, by the command: ${outcome}`, state);
    else this.#judge(`${when}, by the command`, given, state, outcome);
  }

  /** Behind which records the report on the log, made with the key, tells of a silence. */
  reportedSilences(): readonly number[] {
    const key = this.#verificationKey(this.state);
    if (key === undefined) return [];
    this.verifications += 1;
    const { findings } = verify({ disk: realDisk, stateDirectory: this.state, key: { key, besideLog: false } });
    return findings.flatMap(({ code, seq }) => (code === 'silence' && seq !== undefined ? [seq] : []));
  }

  alarm(what: string, state = this.state): void {
    const kept = this.alarms.length < picturesMax ? this.#picture(state) : undefined;
    this.alarms.push({ what, kept });
  }

  /** Says that the run did not bring about what it is for. */
  must(happened: boolean, what: string): void {
    if (!happened) this.undone.push(what);
  }

  async clear(): Promise<void> {
    await this.daemon?.clear();
    this.afterwards();
    rmSync(this.elsewhere, { recursive: true, force: true });
    rmSync(this.state, { recursive: true, force: true });
  }

  #watch(when: string, given: Given, state: string, run: () => Report): void {
    this.verifications += 1;
    let report: Report;
    try {
      report = run();
    } catch (error) {
      this.alarm(`${when}: verify threw ${error instanceof Error ? error.stack ?? error.message : String(error)}`, state);
      return;
    }
    this.#judge(when, given, state, report);
  }

  #judge(when: string, given: Given, state: string, report: Report): void {
    const facts = { hasListened: this.#hasListened, isSealed: given.checkpoint !== undefined, silences: this.silences, state };
    for (const what of judge(report, facts)) this.alarm(`${when}: ${what}`, state);
  }

  /** The key that the log began with; before its first start was finished, the newest that was handed over. */
  #verificationKey(state: string): ReturnType<typeof parseVerificationKey> {
    const text = this.#key ?? realDisk.read(placesIn(state).verificationKey)?.toString('utf8');
    return text === undefined ? undefined : parseVerificationKey(text);
  }

  /** The directory as it is, with its writer held for as long as that takes. */
  #picture(state: string): string {
    const kept = mkdtempSync(join(tmpdir(), 'calm-alarm-'));
    const running = this.running;
    running?.process.kill('SIGSTOP');
    try {
      cpSync(state, join(kept, 'state'), { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith('.lock') });
      if (this.#key !== undefined) writeFileSync(join(kept, 'verification.key'), this.#key);
      writeFileSync(join(kept, 'receipts.jsonl'), this.receipts().map((receipt) => `${JSON.stringify(receipt)}\n`).join(''));
    } catch (error) {
      writeFileSync(join(kept, 'incomplete'), String(error));
    } finally {
      running?.process.kill('SIGCONT');
    }
    return kept;
  }
}

/** A daemon's end in words. */
export function howEnded({ code, signal, stderr }: Ended): string {
  return `${code ?? signal ?? 'nothing'}: ${stderr.slice(-600)}`;
}
