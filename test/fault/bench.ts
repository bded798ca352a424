// One state directory with its board, its ledger and the daemons that run on it one after the other. It knows how to
// start them, to send them work and to judge what they leave; which fault comes when is for others to say.
import { cpSync, existsSync, lstatSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTime } from '../../src/clock/in-time.js';
import type { ErrorReply, Reply } from '../../src/wire/message.js';
import type { Ended } from '../daemon.js';
import { Conversation, Daemon, verified } from '../daemon.js';
import { Board } from './board.js';
import type { Sent } from '../ledger.js';
import { Ledger } from '../ledger.js';

/** A client that hears nothing for so long, from a daemon that lives, was forgotten. Nothing else depends on it. */
const silenceMs = 30_000;

/** What `verify` says of a log whose making was cut short; it is right as long as nothing was acknowledged. */
const unborn: readonly string[] = ['no_log', 'nothing_recorded'];

/** A disk that was full twice in short time counts as full for a minute at most; each round waits as long as it is told to. */
const roundsMax = 70;

function isFull(answer: Answer): answer is ErrorReply {
  return typeof answer !== 'string' && answer.op === 'error' && answer.code === 'disk_full';
}

/** What a client was told: a reply, or that the connection ended, or nothing at all. */
export type Answer = Reply | 'closed' | 'silence';

export interface Work {
  readonly sent: Sent;
  readonly answer: Answer;
}

/** Copies a state directory, but for its sockets. */
export function copyState(from: string, to: string): void {
  cpSync(from, to, { recursive: true, verbatimSymlinks: true, filter: (path) => !lstatSync(path).isSocket() });
}

export class Bench {
  readonly state: string;
  readonly board: Board;
  ledger = new Ledger();
  readonly #place: string;
  readonly #shim: string;
  readonly #env: Readonly<Record<string, string>>;
  readonly #idle: Conversation[] = [];
  daemon: Daemon | undefined;

  constructor(shim: string, env: Readonly<Record<string, string>>) {
    this.#place = realpathSync(mkdtempSync(join(tmpdir(), 'ind-')));
    this.state = join(this.#place, 'd');
    this.board = new Board(join(this.#place, 'board'));
    this.#shim = shim;
    this.#env = env;
  }

  /** A daemon on this state that has not begun yet; the rules on the board hold from its first call on. */
  spawn(args: readonly string[] = []): Daemon {
    this.daemon = Daemon.spawn({
      state: this.state, args,
      env: { ...this.#env, LD_PRELOAD: this.#shim, FAULT_BOARD: this.board.path, FAULT_ROOT: this.state },
    });
    return this.daemon;
  }

  /** How a start came out: how it ended, or undefined when it listens. */
  async started(daemon: Daemon): Promise<Ended | undefined> {
    const first = await inTime(Promise.race([daemon.says('"listening"').then(() => 'listens' as const), daemon.ended]), silenceMs, undefined);
    if (first === undefined) throw new Error(`a start neither listened nor ended in ${silenceMs} ms: ${await this.#stderr(daemon)}`);
    return first === 'listens' ? undefined : first;
  }

  /** A start that nothing disturbs MUST work. */
  async start(): Promise<Daemon> {
    this.board.clear();
    const daemon = this.spawn();
    const ended = await this.started(daemon);
    if (ended === undefined) return daemon;
    throw new Error(`a start without any fault ended with ${ended.code ?? ended.signal ?? ''}: ${ended.stderr}`);
  }

  /**
   * Sends requests on one connection, all at once, and waits until each is answered or the connection ends. A connection
   * that nobody uses is taken before a new one is made: the daemon knows it, and has read all that came before.
   */
  async ask(...requests: readonly Sent[]): Promise<Work[]> {
    const conversation = this.#idle.pop() ?? new Conversation(this.daemon?.socket ?? '');
    const before = conversation.replies.length;
    conversation.send(...requests.map(({ request }) => request));
    const outcome = await inTime(conversation.until(before + requests.length).then(() => 'answered' as const, () => 'closed' as const), silenceMs, undefined);
    const replies = conversation.replies.slice(before);
    if (outcome === 'answered') this.#idle.push(conversation);
    else await conversation.close();
    return requests.map((sent) => {
      const reply = replies.find((one) => one.id === sent.id);
      return { sent, answer: reply ?? (outcome === 'closed' ? 'closed' : 'silence') };
    });
  }

  /** What an `ask` finds idle is closed: the next one connects. */
  async hangUp(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((conversation) => conversation.close()));
  }

  /** How the daemon is, or that it is not there any more. */
  async status(): Promise<Answer> {
    const [work] = await this.ask({ id: 0, ids: [], request: { op: 'status', id: 0 } });
    return work?.answer ?? 'closed';
  }

  /** The ledger takes answers down; gives what is wrong with the answers. */
  take(work: readonly Work[]): string[] {
    return work.flatMap(({ sent, answer }) => {
      if (answer === 'silence') return [`request ${sent.id} was never answered`];
      return answer === 'closed' ? [] : this.ledger.settle(sent, answer);
    });
  }

  /**
   * With no fault any more: what was not acknowledged is sent again, and something new; all of it MUST be acknowledged, as
   * soon as a daemon that was told of a full disk has found that there is room.
   */
  async mustServe(): Promise<string[]> {
    for (let round = 1; ; round += 1) {
      // On two connections, so that both are there when the next fault comes.
      const works = await Promise.all([this.ask(...this.ledger.again(), this.ledger.append()), this.ask(this.ledger.append())]);
      const work = works.flat();
      const problems = this.take(work);
      const errors = work.map(({ answer }) => answer).filter((answer) => typeof answer === 'string' || answer.op !== 'ack');
      const waitMs = Math.max(0, ...errors.map((answer) => (isFull(answer) ? answer.retry_after_ms ?? 0 : 0)));
      if (errors.length === 0 || problems.length > 0 || !errors.every(isFull) || round === roundsMax) {
        return [...problems, ...errors.map((answer) => `without a fault an append was answered ${JSON.stringify(answer)}`)];
      }
      await new Promise((resolve) => { setTimeout(resolve, waitMs); });
    }
  }

  /** Names of the log's segments, oldest first. */
  segments(): string[] {
    return readdirSync(join(this.state, 'log')).filter((name) => /^\d{20}\.jsonl$/.test(name)).sort();
  }

  /** What is wrong with what lies on the disk. A log that was never begun has nothing to be wrong. */
  judge(): string[] {
    if (!existsSync(join(this.state, 'keys/verification.key'))) return this.ledger.acknowledged > 0 ? ['the key is gone'] : [];
    const problems = this.ledger.check(this.state);
    const { exit, findings } = verified(this.state);
    const isUnborn = exit === 3 && this.ledger.acknowledged === 0 && findings.every(({ code }) => unborn.includes(code));
    if (exit !== 0 && !isUnborn) problems.push(`verify exits ${exit}: ${JSON.stringify(findings)}`);
    return problems;
  }

  /** Ends the daemon, if there is one, so that the board may be cleared. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<Ended | undefined> {
    const { daemon } = this;
    this.daemon = undefined;
    if (daemon === undefined) return undefined;
    this.board.disarm();
    await this.hangUp();
    const ended = await inTime(daemon.kill(signal), silenceMs, undefined);
    if (ended === undefined) throw new Error(`a daemon did not end in ${silenceMs} ms after ${signal}`);
    return ended;
  }

  /** How the daemon ended by itself. */
  async ended(): Promise<Ended> {
    const { daemon } = this;
    if (daemon === undefined) throw new Error('there is no daemon');
    const ended = await inTime(daemon.ended, silenceMs, undefined);
    await this.hangUp();
    if (ended === undefined) throw new Error(`the daemon neither answered nor ended in ${silenceMs} ms`);
    this.daemon = undefined;
    return ended;
  }

  /** Puts a copy of another state in this one's place. */
  become(template: string, ledger: Ledger): void {
    rmSync(this.state, { recursive: true, force: true });
    copyState(template, this.state);
    this.ledger = ledger.copy();
  }

  /** Nothing was ever here. */
  forget(): void {
    rmSync(this.state, { recursive: true, force: true });
    this.ledger = new Ledger();
  }

  async clear(): Promise<void> {
    if (this.daemon !== undefined) await this.end();
    this.board.close();
    rmSync(this.#place, { recursive: true, force: true });
  }

  async #stderr(daemon: Daemon): Promise<string> {
    return (await daemon.kill('SIGKILL')).stderr;
  }
}
