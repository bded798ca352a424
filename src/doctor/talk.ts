// The conversation with the daemon that answers on the socket, and what it says of itself.
import { dirname } from 'node:path';
import type { Receipt, RecentOptions, Records } from '../client/client.js';
import { ClientError, connect } from '../client/client.js';
import { errorCode } from '../disk/disk.js';
import type { Status, Welcome } from '../wire/message.js';
import { counted, spanText } from './amount.js';
import type { Verdict } from './check.js';
import { fail, modeText, ok, quoted, skip, warn, within } from './check.js';
import type { Subject } from './subject.js';
import { unlessForbidden } from './subject.js';

/** What the checks say to a daemon; the client says it, and a test answers. */
export interface Talk {
  readonly welcome: Welcome;
  status(): Promise<Status>;
  recent(options: RecentOptions): Promise<Records>;
  append(event: { readonly action: string }, options: { readonly id: string; readonly timeoutMs: number }): Promise<Receipt>;
  close(options: { readonly timeoutMs: number }): Promise<unknown>;
}

/** A daemon that answers, with its status; or the error it could not be reached with. */
export type Reached =
  | { readonly kind: 'answers'; readonly talk: Talk; readonly status: Status; readonly answeredMs: number }
  | { readonly kind: 'silent'; readonly error: unknown }
  | { readonly kind: 'absent' };

/** A daemon may take this long for each answer, ms. */
export const answerMs = 5_000;

/** Opens the conversation. */
export type Open = (socket: string) => Promise<Talk>;

/** The SDK's client; `version` is told to the daemon. */
export function openClient(version: string): Open {
  return (socket) => connect({ socket, client: `indelible-doctor/${version}`, connectTimeoutMs: answerMs, timeoutMs: answerMs });
}

/** Connects and asks for the status, unless there is no socket. */
export async function reach(subject: Subject, open: Open, monotonic: () => number): Promise<Reached> {
  const { host, wanted } = subject;
  try {
    if (await unlessForbidden(host.stat(wanted.socket)) === undefined && !(await isHidden(subject))) return { kind: 'absent' };
    const from = monotonic();
    const talk = await within(`the daemon on ${wanted.socket}`, answerMs + 1000, open(wanted.socket));
    const status = await within('status', answerMs + 1000, talk.status());
    if (!isStatus(status)) throw new Error('what answers there does not answer as an indelible daemon does');
    return { kind: 'answers', talk, status, answeredMs: monotonic() - from };
  } catch (error) {
    return { kind: 'silent', error };
  }
}

/** Whether the socket's directory is closed to this user, so that the socket may be there or not. */
async function isHidden({ host, wanted }: Subject): Promise<boolean> {
  try {
    await host.stat(wanted.socket);
    return false;
  } catch {
    // Forbidden: connecting will say so, too.
    return true;
  }
}

/** Another program may answer there: its word is taken for nothing before it has the shape. */
function isStatus({ head, sealed_to, state }: Partial<Record<keyof Status, unknown>>): boolean {
  if (typeof head !== 'object' || head === null || !('seq' in head)) return false;
  return typeof head.seq === 'number' && typeof sealed_to === 'number' && typeof state === 'string';
}

export async function checkSocket(subject: Subject): Promise<Verdict> {
  const { host, holder, wanted: { socket } } = subject;
  const stat = await host.stat(socket);
  if (stat === undefined) {
    const others = subject.settings.isDaemons ? subject.settings.config?.listeners.map(({ path }) => path) ?? [] : [];
    const [other] = others;
    if (other === undefined) return fail(`there is no ${socket}`, 'start the daemon, or name its socket with --socket or INDELIBLE_SOCKET');
    if (others.includes(socket)) return fail(`there is no ${socket}, though the daemon made it: somebody removed it`, 'restart the daemon');
    return fail(`there is no ${socket}; the daemon that holds this log listens on ${others.join(', ')}`, 'name that one', `indelible doctor --socket ${quoted(other)}`);
  }
  if (stat.kind !== 'socket') return fail(`${socket} is no socket but a ${stat.kind}`, 'move it away, and restart the daemon');
  const directory = await host.stat(dirname(socket));
  const place = quoted(dirname(socket));
  if (directory !== undefined && (directory.mode & 0o022) !== 0 && (directory.mode & 0o1000) === 0) {
    return fail(`${dirname(socket)} can be written by others (mode ${modeText(directory.mode)}): they can put a socket of their own there`,
      'close it', `chmod go-w ${place}`);
  }
  // Root's is systemd's, and root could put whatever it likes there in any case.
  if (holder.kind === 'process' && holder.uid !== undefined && stat.uid !== holder.uid && stat.uid !== 0) {
    return fail(`${socket} belongs to uid ${stat.uid}, and the daemon is uid ${holder.uid}: somebody else may answer there`,
      'find out who made it, remove it, and restart the daemon', `ls -la ${place}`);
  }
  return ok(`${socket} is a socket of uid ${stat.uid} and gid ${stat.gid}, mode ${modeText(stat.mode)}, ${whoMay(stat.mode)}`);
}

function whoMay(mode: number): string {
  if ((mode & 0o002) !== 0) return 'every user may connect';
  return (mode & 0o020) !== 0 ? 'its group may connect' : 'only that user may connect';
}

export function checkDaemon(reached: Reached, subject: Subject): Verdict {
  const { socket } = subject.wanted;
  switch (reached.kind) {
    case 'absent': return fail(`nobody can answer: there is no ${socket}`, 'see socket');
    case 'silent': return silent(reached.error, socket);
    case 'answers': {
      const { status, answeredMs } = reached;
      const found = `${status.state} after ${spanText(status.uptime_ms)}, ${counted(status.clients, 'client')}, ${counted(status.write_failures, 'failed write')}, ` +
        `fsync ${status.fsync_ms.p50} ms (p99 ${status.fsync_ms.p99}); it answered in ${spanText(answeredMs)}`;
      if (status.state === 'ready') return ok(found);
      const last = `${found}; last error: ${status.last_error ?? 'none'}`;
      if (status.state === 'degraded') return warn(last, 'see to that error, usually a full disk; the daemon goes on as soon as it can write');
      return fail(last, 'the daemon takes nothing any more: see to that error, and restart it');
    }
    default: return reached satisfies never;
  }
}

/** Node's code of an error, or of what caused it. */
function causeCode(error: unknown): string | undefined {
  if (error instanceof Error && error.cause !== undefined) return causeCode(error.cause);
  return errorCode(error);
}

function silent(error: unknown, socket: string): Verdict {
  const message = error instanceof Error ? error.message : String(error);
  const code = causeCode(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return skip(`this user may not connect: ${message}`, 'run this as root, or as a user whom the socket\'s mode lets in');
  }
  if (code === 'ECONNREFUSED') return fail(`nobody listens on ${socket}: the daemon that made it is gone`, 'start the daemon, which replaces it');
  if (error instanceof ClientError && error.code === 'timeout') return fail(`the daemon lets in and does not answer: ${message}`, 'see whether it is suspended or hangs');
  return fail(`no answer: ${message}`, 'see whether the daemon runs, is suspended, or hangs');
}

/** Whether the daemon that answers is the one that writes this log. */
export async function checkOrigin(reached: Reached, { host, holder, places, wanted }: Subject): Promise<Verdict> {
  if (reached.kind !== 'answers') return skip('no daemon could be asked whose log it writes, see daemon');
  const { origin, log_pub } = reached.talk.welcome;
  const text = await host.readText(places.logPub);
  const here = text?.trim().split('\n') ?? [];
  const [identity] = here;
  if (identity === undefined || identity === '') return skip(`the daemon writes ${origin}; whose log this is, log.pub does not say`);
  const name = identity.split('+')[0] ?? '';
  const advice = ['name the state directory and the socket of one daemon', `indelible doctor --state-dir ${quoted(wanted.stateDirectory)} --socket PATH`] as const;
  if (name !== origin) return fail(`the daemon on ${wanted.socket} writes ${origin}, and the state directory holds ${name}`, ...advice);
  if (here.join() !== log_pub.join()) return fail(`the daemon on ${wanted.socket} writes another log of the same name ${origin}: its keys are not those of log.pub`, ...advice);
  if (holder.kind === 'nobody') {
    return fail(`the daemon on ${wanted.socket} writes ${origin}, but no process holds this directory: it is a copy, or the daemon has another`, ...advice);
  }
  return ok(`the daemon writes ${origin}, the log of this state directory`);
}
