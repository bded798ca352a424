// Which versions meet here: this command, the daemon, Node and the kernel.
import type { Verdict } from './check.js';
import { ok, skip, warn } from './check.js';
import type { Host } from './host.js';
import type { Reached } from './talk.js';

/** What package.json asks for. */
const nodeMajorMin = 20;
/** The first kernel that names a peer's groups, SO_PEERGROUPS. */
const kernelMin = [4, 13] as const;

export function checkVersions(host: Host, reached: Reached, version: string): Verdict {
  const { nodeVersion, kernelRelease } = host;
  const server = reached.kind === 'answers' ? reached.talk.welcome.server : undefined;
  const found = `indelible ${version}, ${server === undefined ? 'no daemon could be asked' : `daemon ${server}`}, Node ${nodeVersion}, kernel ${kernelRelease}`;
  if (server !== undefined && server !== `indelible/${version}`) return warn(`${found}: command and daemon differ`, 'restart the daemon, or use its own version of this command');
  if (Number(nodeVersion.split('.')[0]) < nodeMajorMin) return warn(found, `use Node ${nodeMajorMin} or later`);
  const [major = 0, minor = 0] = kernelRelease.split('.').map((part) => Number.parseInt(part, 10));
  if (major < kernelMin[0] || (major === kernelMin[0] && minor < kernelMin[1])) {
    return warn(found, `a kernel from ${kernelMin.join('.')} on names the groups of those who connect; INDELIBLE_READERS needs that`);
  }
  return server === undefined ? skip(found) : ok(found);
}
