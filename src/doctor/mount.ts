// What the log's filesystem is: whether it survives a reboot, and whether a sync there means anything.
import type { Verdict } from './check.js';
import { fail, ok, quoted, skip, warn } from './check.js';
import type { Subject } from './subject.js';

/** One line of /proc/self/mountinfo, as far as it is of interest. */
export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: readonly string[];
}

const inMemory = new Set(['tmpfs', 'ramfs', 'devtmpfs', 'rootfs', 'hugetlbfs']);
const overNetwork = new Set([
  'nfs', 'nfs4', 'cifs', 'smb3', 'smbfs', '9p', 'ceph', 'glusterfs', 'fuse.glusterfs', 'fuse.sshfs', 'lustre', 'afs', 'ocfs2', 'gfs2', 'fuse.s3fs',
]);

/** A mount point's spaces, tabs, line breaks and backslashes are written as three octal digits. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** The mount that a real path lies on; undefined if the text has none. */
export function mountOf(mountinfo: string, path: string): Mount | undefined {
  let found: Mount | undefined;
  for (const line of mountinfo.split('\n')) {
    const [front = '', back] = line.split(' - ');
    const [, , , , point, options = ''] = front.split(' ');
    if (back === undefined || point === undefined) continue;
    const [type = '', , superOptions = ''] = back.split(' ');
    const place = unescaped(point);
    const holds = path === place || place === '/' || path.startsWith(`${place}/`);
    // Of two mounts on one point the later hides the earlier.
    if (holds && place.length >= (found?.point.length ?? 0)) {
      found = { point: place, type, options: [...options.split(','), ...superOptions.split(',')] };
    }
  }
  return found;
}

export async function checkFilesystem({ host, places }: Subject): Promise<Verdict> {
  const text = await host.readText('/proc/self/mountinfo');
  const mount = text === undefined ? undefined : mountOf(text, places.state);
  if (mount === undefined) return skip('which filesystem it is, /proc/self/mountinfo does not say');
  const { point, type, options } = mount;
  const move = 'keep the log on a local disk: stop the daemon, copy the directory, and name the new one in INDELIBLE_STATE_DIR';
  if (options.includes('ro')) return fail(`it lies on ${point} (${type}), which is mounted read-only`, 'mount it to be written', `mount -o remount,rw ${quoted(point)}`);
  if (inMemory.has(type)) return warn(`it lies on ${point}, a ${type} in memory: a reboot takes the log away`, move);
  if (overNetwork.has(type)) {
    return warn(`it lies on ${point}, a ${type} over the network: locks and syncs are only as good as the other end's`, move);
  }
  if (type === 'overlay') return warn(`it lies on ${point}, the writable layer of a container: the log goes with the container`, move.replace('a local disk', 'a volume'));
  const loose = options.find((option) => option === 'nobarrier' || option === 'barrier=0');
  if (loose !== undefined) {
    return warn(`it lies on ${point} (${type}), mounted with ${loose}: a power cut may lose what was synced`, 'mount it with barriers', `mount -o remount,barrier=1 ${quoted(point)}`);
  }
  return ok(`it lies on ${point}, ${type}, a local disk as far as the kernel says`);
}
