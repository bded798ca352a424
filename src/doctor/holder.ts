/**
 * Who holds the state directory. Invariant: the lock is looked up, never tried: a lock taken for a moment could turn a
 * daemon away that starts in that moment.
 */
import { leaseMs } from '../disk/lock.js';
import { holderIn } from '../kernel/proc.js';
import type { Places } from '../log/segment.js';
import { spanText } from './amount.js';
import type { Verdict } from './check.js';
import { fail, forbiddenText, isForbidden, ok, quoted, rootSays, skip, warn } from './check.js';
import type { Host } from './host.js';

/** The age of the lease beside the lock, ms; undefined: there is none, or it is not to be seen. */
interface Lease {
  readonly leaseAgeMs: number | undefined;
}

/**
 * `process`: this one holds it. `nobody`: surely nobody on this machine. `hidden`: nobody whom this user's view of the machine
 * shows. `unknown`: not to be told.
 */
export type Holder =
  | { readonly kind: 'process'; readonly pid: number; readonly uid: number | undefined } & Lease
  | { readonly kind: 'nobody' } & Lease
  | { readonly kind: 'hidden' } & Lease
  | { readonly kind: 'unknown'; readonly reason: string; readonly isForbidden: boolean };

/** The number of the first pid namespace, which sees the processes of all others. */
const firstPidNamespace = 'pid:[4026531836]';

export async function findHolder(host: Host, places: Places): Promise<Holder> {
  try {
    const state = await host.stat(places.state);
    if (state === undefined) return { kind: 'unknown', reason: `there is no ${places.state}`, isForbidden: false };
    const locks = await host.readText('/proc/locks');
    if (locks === undefined) return { kind: 'unknown', reason: '/proc/locks is not there to be read', isForbidden: false };
    const leaseAgeMs = await leaseAge(host, places);
    const pid = holderIn(locks, state);
    if (pid !== undefined) return { kind: 'process', pid, uid: (await host.stat(`/proc/${pid}`))?.uid, leaseAgeMs };
    const namespace = await host.linkTarget('/proc/self/ns/pid');
    return { kind: namespace === firstPidNamespace ? 'nobody' : 'hidden', leaseAgeMs };
  } catch (error) {
    const forbidden = isForbidden(error);
    const message = error instanceof Error ? error.message : String(error);
    return { kind: 'unknown', reason: forbidden ? forbiddenText(error) : message, isForbidden: forbidden };
  }
}

async function leaseAge(host: Host, places: Places): Promise<number | undefined> {
  try {
    const lease = await host.stat(places.lease);
    return lease === undefined ? undefined : host.now() - lease.modifiedMs;
  } catch {
    // A second opinion only; without it the kernel's stands alone.
    return undefined;
  }
}

export function checkLock(holder: Holder, state: string): Verdict {
  const start = ['nobody writes this log: start the daemon', `INDELIBLE_STATE_DIR=${quoted(state)} indelible serve`] as const;
  switch (holder.kind) {
    case 'process': return checkLease(holder);
    case 'nobody': return fail('no daemon is running: no process holds the state directory', ...start);
    case 'hidden': {
      const { leaseAgeMs } = holder;
      if (leaseAgeMs === undefined || leaseAgeMs > leaseMs) {
        return fail('no daemon is running: no process to be seen from here holds the state directory, and nobody renews the lease on it', ...start);
      }
      return warn(`no process to be seen from here holds the state directory, but somebody renewed the lease on it ${spanText(leaseAgeMs)} ago`,
        'if the daemon runs in another container, run this there; if it was just killed, wait 10 s and run this again');
    }
    case 'unknown': return skip(`who holds the state directory is not to be told: ${holder.reason}`, holder.isForbidden ? rootSays : undefined);
    default: return holder satisfies never;
  }
}

function checkLease({ pid, uid, leaseAgeMs }: Holder & { readonly kind: 'process' }): Verdict {
  const who = `process ${pid}${uid === undefined ? '' : ` of uid ${uid}`}`;
  if (leaseAgeMs === undefined) return ok(`${who} holds the state directory`);
  if (leaseAgeMs <= leaseMs) return ok(`${who} holds the state directory and renewed its lease ${spanText(Math.max(0, leaseAgeMs))} ago`);
  return warn(`${who} holds the state directory but has not renewed its lease for ${spanText(leaseAgeMs)}: it is suspended, or hangs`,
    'see what it does', `ps -o pid,stat,wchan:32,args -p ${pid}`);
}

/** What decides a daemon's configuration; nothing else of its environment is kept, for it may hold secrets. */
const namesOfInterest = new Set(['STATE_DIRECTORY', 'RUNTIME_DIRECTORY', 'XDG_STATE_HOME', 'XDG_RUNTIME_DIR', 'HOME']);

/** The part of a process's environment that an indelible daemon reads; undefined where it may not be read. */
export async function environmentOf(host: Host, pid: number): Promise<Readonly<Record<string, string>> | undefined> {
  let text: string | undefined;
  try {
    text = await host.readText(`/proc/${pid}/environ`);
  } catch {
    // Root and the same user may; for everybody else the configuration is not to be known.
    return undefined;
  }
  if (text === undefined || text === '') return undefined;
  const pairs = text.split('\0').map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)] as const);
  return Object.fromEntries(pairs.filter(([name]) => name.startsWith('INDELIBLE_') || namesOfInterest.has(name)));
}
