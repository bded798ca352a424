/**
 * What a daemon and an auditor make of a disk whose power went. Invariant: nothing here depends on how the disk came to look so;
 * whatever is wrong with it afterwards is the daemon's fault.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inTime } from '../../src/clock/in-time.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import type { Recorded } from '../daemon.js';
import { Conversation, Daemon, recordsIn, verified } from '../daemon.js';
import type { Ledger } from '../ledger.js';
import type { Journal } from './disk.js';
import { mountAfterLoss, unmount } from './disk.js';

/** What `verify` says of a log whose making was cut short; it is right as long as nothing was acknowledged. */
const unborn: readonly string[] = ['no_log', 'nothing_recorded'];
/** A daemon that says nothing for so long hangs. Nothing else depends on it. */
const silenceMs = 120_000;
const silence = `nothing came of it in ${silenceMs} ms`;

/** What the start found, by its own word. */
export interface Found {
  readonly recovered: boolean;
  /** Lines behind the head that were whole. */
  readonly adopted: number;
  /** Ends that were cut off, and how many of them held zeros. */
  readonly torn: number;
  readonly zeros: number;
  /** What was asked of it afterwards was all acknowledged. */
  readonly answers: number;
  /** The filesystem could be mounted without being mended. */
  readonly isWhole: boolean;
}

export interface Restart {
  readonly image: string;
  readonly journal: Journal;
  readonly env: Readonly<Record<string, string>>;
  /** What was sent and acknowledged when the power went. It goes on with the daemon. */
  readonly ledger: Ledger;
}

export interface Restarted {
  /** What is not as it was promised; none if all is well. */
  readonly problems: readonly string[];
  /** Undefined where the daemon did not start. */
  readonly found: Found | undefined;
}

/** Mounts the image, starts a daemon there and judges. */
export async function restart({ image, journal, env, ledger }: Restart): Promise<Restarted> {
  const place = mkdtempSync(join(tmpdir(), 'ind-p-'));
  const directory = join(place, 'm');
  mkdirSync(directory);
  const isWhole = mountAfterLoss(image, directory, journal);
  const state = join(directory, 'd');
  const daemon = { current: undefined as Daemon | undefined };
  try {
    const problems = judge(state, ledger).map((problem) => `before the start: ${problem}`);
    const before = sequences(state).at(-1) ?? 0;
    daemon.current = Daemon.spawn({ state, socket: join(place, 's'), env });
    const ready = daemon.current.ready().then(() => undefined, (error: unknown) => String(error));
    const refusal = await inTime(ready, silenceMs, silence);
    if (refusal !== undefined) return { problems: [...problems, `the start: ${refusal}`], found: undefined };
    const { answers, problems: wrong } = await serve(daemon.current.socket, ledger);
    problems.push(...wrong);
    const ended = await inTime(daemon.current.stop(), silenceMs, silence);
    if (typeof ended === 'string' || ended.code !== 0) problems.push(`the stop: ${JSON.stringify(ended)}`);
    problems.push(...judge(state, ledger), ...zerosIn(join(state, 'log')));
    return { problems, found: { ...found(state, before), answers, isWhole } };
  } finally {
    await daemon.current?.kill('SIGKILL');
    unmount(directory);
    rmSync(place, { recursive: true, force: true });
  }
}

/** What is wrong with what lies on the disk. A log that was never begun has nothing to be wrong. */
function judge(state: string, ledger: Ledger): string[] {
  const key = join(state, 'keys/verification.key');
  if (!existsSync(key)) return ledger.acknowledged > 0 ? ['the key is gone'] : [];
  if (parseVerificationKey(readFileSync(key, 'utf8')) === undefined) return ['the key is gone, and its file is there'];
  const problems = ledger.check(state);
  const { exit, findings } = verified(state);
  const isUnborn = exit === 3 && ledger.acknowledged === 0 && findings.every(({ code }) => unborn.includes(code));
  if (exit !== 0 && !isUnborn) problems.push(`verify exits ${exit}: ${JSON.stringify(findings)}`);
  return problems;
}

/** What was not acknowledged is sent again, and something new; all of it MUST be acknowledged. */
async function serve(socket: string, ledger: Ledger): Promise<{ readonly answers: number; readonly problems: string[] }> {
  const requests = [...ledger.again(), ledger.append(3, 400)];
  const conversation = new Conversation(socket);
  conversation.send(...requests.map(({ request }) => request));
  const answered = conversation.until(requests.length).then(() => undefined, (error: unknown) => String(error));
  const outcome = await inTime(answered, silenceMs, silence);
  const problems = outcome === undefined ? [] : [`a client was not answered: ${outcome}`];
  for (const [index, reply] of conversation.replies.entries()) {
    const sent = requests[index];
    if (sent !== undefined) problems.push(...ledger.settle(sent, reply));
    if (reply.op !== 'ack') problems.push(`an append was answered ${JSON.stringify(reply)}`);
  }
  await conversation.close();
  return { answers: requests.length, problems };
}

/** No byte of a log is zero; one that is was no data. */
function zerosIn(log: string): string[] {
  return readdirSync(log).filter((name) => /^\d{20}\.jsonl$/.test(name))
    .flatMap((name) => (readFileSync(join(log, name)).includes(0) ? [`${name} holds zeros`] : []));
}

interface RecoveredEvent {
  readonly adopted: number;
  readonly torn: readonly { readonly file: string }[];
}

function found(state: string, before: number): Omit<Found, 'answers' | 'isWhole'> {
  const records = recordsIn(state).filter(({ seq, profile }) => seq > before && profile === 'indelible');
  const recovered: Recorded | undefined = records.find(({ kind }) => kind === 'recovered');
  const { adopted = 0, torn = [] } = (recovered?.event ?? {}) as Partial<RecoveredEvent>;
  const pieces = readdirSync(join(state, 'quarantine'));
  const zeros = pieces.filter((name) => torn.some(({ file }) => name === file || name === `${file}.new`))
    .filter((name) => readFileSync(join(state, 'quarantine', name)).includes(0)).length;
  return { recovered: recovered !== undefined, adopted, torn: torn.length, zeros };
}

/** Seqs of the whole lines that are there. */
function sequences(state: string): number[] {
  if (!existsSync(join(state, 'log'))) return [];
  return readdirSync(join(state, 'log')).filter((name) => /^\d{20}\.jsonl$/.test(name)).sort()
    .flatMap((name) => [...readFileSync(join(state, 'log', name), 'latin1').matchAll(/^\{"seq":(\d+),.*\}\n/gm)].map(([, seq]) => Number(seq)));
}
