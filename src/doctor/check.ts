/**
 * What an examination says: one result a check, each with what was found and what to do. Invariant: `ok` is said only of
 * what was looked at; what could not be is `skip` with the reason, and what would not answer is `fail`.
 */
import { inTime } from '../clock/in-time.js';
import { errorCode } from '../disk/disk.js';
import { printable } from '../event/printable.js';

/** All checks, in the order they are made and shown. The names are stable: programs look for them. */
export const checkNames = [
  'configuration', 'state_dir', 'parents', 'filesystem', 'log_files', 'key_files', 'verification_key', 'lock', 'socket', 'daemon',
  'origin', 'clock', 'clock_sync', 'free_space', 'inodes', 'head_age', 'seal_age', 'canary', 'versions', 'open_files', 'core_dumps',
] as const;

export type CheckName = (typeof checkNames)[number];

/** `skip`: not checked. */
export type Result = 'ok' | 'warn' | 'fail' | 'skip';

/** What to do: a sentence, and the command that does it, where one does. */
export interface Todo {
  readonly say: string;
  readonly run?: string | undefined;
}

/** What a check came to; `found` is one sentence. */
export interface Verdict {
  readonly result: Result;
  readonly found: string;
  readonly todo: Todo | undefined;
}

/** A verdict and whose it is, fit for a terminal: nothing in it moves a cursor. */
export interface Checked extends Verdict {
  readonly check: CheckName;
}

/** The whole examination. */
export interface Report {
  readonly checks: readonly Checked[];
  /** 1: something failed. */
  readonly exit: 0 | 1;
}

export function ok(found: string): Verdict {
  return { result: 'ok', found, todo: undefined };
}

export function warn(found: string, say: string, run?: string): Verdict {
  return { result: 'warn', found, todo: { say, run } };
}

export function fail(found: string, say: string, run?: string): Verdict {
  return { result: 'fail', found, todo: { say, run } };
}

export function skip(found: string, say?: string, run?: string): Verdict {
  return { result: 'skip', found, todo: say === undefined ? undefined : { say, run } };
}

/** Something did not answer in time, or was not even asked because others had not. */
export class Hung extends Error {
  override readonly name = 'Hung';
  readonly code: 'hung' | 'not_asked';

  constructor(code: 'hung' | 'not_asked', message: string) {
    super(message);
    this.code = code;
  }
}

/** `work`, or Hung after `ms`; what comes later is not listened to. */
export async function within<T>(what: string, ms: number, work: Promise<T>): Promise<T> {
  work.catch(() => undefined);
  const done = await inTime(work, ms, new Hung('hung', `${what} did not answer in ${ms} ms`));
  if (done instanceof Hung) throw done;
  return done;
}

/** Whether the reason is that this user may not. */
export function isForbidden(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'EACCES' || code === 'EPERM';
}

/** `this user may not look at PATH`, for an error that is about that. */
export function forbiddenText(error: unknown): string {
  const path = typeof error === 'object' && error !== null && 'path' in error ? error.path : undefined;
  return typeof path === 'string' ? `this user may not look at ${path}` : `this user may not look: ${String(error)}`;
}

/** What an error means for the check that met it. */
function verdictOf(error: unknown): Verdict {
  const message = error instanceof Error ? error.message : String(error);
  if (isForbidden(error)) return skip(forbiddenText(error), rootSays);
  if (error instanceof Hung && error.code === 'not_asked') return skip(message, 'see to what hangs, and run this again');
  if (error instanceof Hung) return fail(message, 'find out what hangs: a disk, a network filesystem (dmesg), or a suspended process');
  return fail(`could not be checked: ${message}`, 'see to the error and run this again');
}

export const rootSays = 'run this as root or as the daemon\'s user';

/** A check as a whole may take this long, ms; each call in it has its own, shorter limit. */
const checkMs = 20_000;

function printableTodo({ say, run }: Todo): Todo {
  return { say: printable(say), run: run === undefined ? undefined : printable(run) };
}

/** Makes one check; whatever happens in it becomes its verdict. */
export async function checked(check: CheckName, look: () => Promise<Verdict> | Verdict): Promise<Checked> {
  let verdict: Verdict;
  try {
    verdict = await within(check, checkMs, Promise.resolve().then(look));
  } catch (error) {
    verdict = verdictOf(error);
  }
  const { result, found, todo } = verdict;
  return { check, result, found: printable(found), todo: todo === undefined ? undefined : printableTodo(todo) };
}

export function reportOf(checks: readonly Checked[]): Report {
  return { checks, exit: checks.some(({ result }) => result === 'fail') ? 1 : 0 };
}

/** The report as programs read it: one line, version 1. */
export function encodeReport(report: Report): string {
  const checks = report.checks.map(({ todo, ...rest }) => ({ ...rest, todo: todo === undefined ? null : todoText(todo) }));
  return JSON.stringify({ version: 1, checks, exit: report.exit });
}

function todoText({ say, run }: Todo): string {
  return run === undefined ? say : `${say}: ${run}`;
}

/** A path as a shell takes it. */
export function quoted(path: string): string {
  return /^[\w./@%+=:,-]+$/.test(path) ? path : `'${path.replaceAll('\'', '\'\\\'\'')}'`;
}

/** `0700`. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(4, '0');
}
