// What the daemon's process is allowed: enough open files for its clients, and no core file, which would hold the keys.
import { softLimit } from '../kernel/proc.js';
import { filesNeeded } from '../server/capacity.js';
import type { Verdict } from './check.js';
import { ok, rootSays, skip, warn } from './check.js';
import type { Subject } from './subject.js';

/** Programs that take a core file through a pipe and keep to the limit on its size. */
const keepsToLimit = /\/(systemd-coredump|apport)\b/;

/** The limits of the daemon, or why they are not to be had. */
async function limitOf({ host, holder }: Subject, name: string): Promise<number | Verdict> {
  if (holder.kind !== 'process') return skip('no daemon\'s process is to be seen whose limits could be read');
  const limits = await host.readText(`/proc/${holder.pid}/limits`);
  const limit = limits === undefined ? undefined : softLimit(limits, name);
  return limit ?? skip(`/proc/${holder.pid}/limits does not say`, rootSays);
}

export async function checkOpenFiles(subject: Subject): Promise<Verdict> {
  const limit = await limitOf(subject, 'Max open files');
  if (typeof limit !== 'number') return limit;
  const { settings } = subject;
  if (settings.config === undefined || !settings.isDaemons) {
    return skip(`the daemon may open ${limit} files; how many clients it takes, its environment says, which this user may not read`, rootSays);
  }
  const { limits: { clients }, listeners } = settings.config;
  const needed = filesNeeded(clients, listeners.length);
  const found = `the daemon may open ${limit} files, and ${clients} clients take up to ${needed}`;
  if (limit >= needed) return ok(found);
  return warn(found, `raise the limit (LimitNOFILE=${needed} in the unit), or lower INDELIBLE_MAX_CLIENTS, and restart the daemon`);
}

export async function checkCoreDumps(subject: Subject): Promise<Verdict> {
  const limit = await limitOf(subject, 'Max core file size');
  if (typeof limit !== 'number') return limit;
  const advice = 'the keys would be in it: set LimitCORE=0 in the unit, or "ulimit -c 0" before serve, and restart the daemon';
  if (limit > 0) {
    const size = limit === Number.POSITIVE_INFINITY ? 'of any size' : `of ${limit} bytes`;
    return warn(`a crash of the daemon may leave a core file ${size}`, advice);
  }
  const pattern = (await subject.host.readText('/proc/sys/kernel/core_pattern'))?.trim() ?? '';
  if (pattern.startsWith('|') && !keepsToLimit.test(pattern)) {
    return warn(`the daemon may leave no core file, but the kernel hands one to ${pattern.slice(1)} all the same`,
      'make sure that this program keeps no core of indelible, for the keys would be in it');
  }
  return ok('the daemon may leave no core file');
}
