// Logs to be spoiled, as files by path below their state directory. Invariant: each is intact as it is here, and says up to
// which byte nothing in it may change unnoticed.
import { join } from 'node:path';
import { decodeHead } from '../../src/log/head.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import type { VerificationKey } from '../../src/keys/verification.js';
import { segmentName } from '../../src/log/segment.js';
import { parseLogPub } from '../../src/verify/facts.js';
import type { LogPub } from '../../src/log/own.js';
import { MemoryDisk as LogDisk } from '../log/memory-disk.js';
import { body, places, start, state } from '../log/run.js';
import { smallLog } from '../verify/make-log.js';
import { MemoryDisk } from '../verify/memory-disk.js';
import type { Node } from '../verify/memory-disk.js';

export type Nodes = ReadonlyMap<string, Node>;

export interface SampleLog {
  readonly name: string;
  readonly nodes: Nodes;
  readonly key: VerificationKey;
  readonly pub: LogPub;
  /** Whether it has what a daemon needs to go on with it. */
  readonly startable: boolean;
}

/** All kinds there are: whole, cut by a crash, trimmed by retention, and made by the daemon's own writer. */
export function sampleLogs(): SampleLog[] {
  const whole = smallLog();
  const crashed = smallLog({ seed: 'crashed' });
  const { head, stored } = crashed;
  crashed.events(3, 2);
  const crashedNodes = new Map<string, Node>(crashed.disk().nodes).set('/log/head', head).set('/keys/current', stored);
  return [
    { name: 'whole', nodes: whole.disk().nodes, key: whole.key, pub: whole.logPub, startable: false },
    { name: 'crashed', nodes: crashedNodes, key: crashed.key, pub: crashed.logPub, startable: false },
    vectors('log-retired'), vectors('log-state'), written('stopped', true), written('killed', false),
  ];
}

function vectors(name: string): SampleLog {
  // Beside the sources, whichever way this is run.
  const root = new URL('../../', import.meta.url).pathname.replace(/\.build\/$/, '');
  const { nodes } = MemoryDisk.load(join(root, 'test/vectors', name));
  return { name, nodes, startable: false, ...keysOf(nodes) };
}

function keysOf(nodes: Nodes): { readonly key: VerificationKey; readonly pub: LogPub } {
  const key = parseVerificationKey(bytesOf(nodes, '/keys/verification.key').toString('utf8'));
  const pub = parseLogPub(bytesOf(nodes, '/log.pub').toString('utf8'));
  if (key === undefined || pub === undefined) throw new Error('a sample log without its keys');
  return { key, pub };
}

/** By the daemon's own writer, several segments of it; stopped, or left as a kill leaves it. */
function written(name: string, stopped: boolean): SampleLog {
  const disk = new LogDisk();
  const { writer } = start(disk, { segmentBytes: 4096 });
  for (let i = 0; i < 12; i += 1) writer.append([body(`act-${i}`, 'x'.repeat(200)), body(`second-${i}`)]);
  if (stopped) writer.stop('test');
  writer.close();
  const nodes = new Map<string, Node>();
  for (const directory of ['', '/log', '/keys']) {
    for (const file of disk.list(`${state}${directory}`)) {
      const path = `${state}${directory}/${file}`;
      const entry = disk.entry(path);
      if (entry?.kind === 'link') nodes.set(`${directory}/${file}`, { link: disk.linkTarget(path) });
      else if (entry?.kind === 'file') nodes.set(`${directory}/${file}`, disk.read(path) ?? Buffer.alloc(0));
    }
  }
  if (places.log !== `${state}/log`) throw new Error('the state directory has another shape');
  return { name, nodes, startable: true, ...keysOf(nodes) };
}

export function bytesOf(nodes: Nodes, path: string): Buffer {
  const node = nodes.get(path);
  return Buffer.isBuffer(node) ? node : Buffer.alloc(0);
}

/** What may not change: of each file from its beginning, so many bytes. */
export function guarded(sample: SampleLog, sealedOnly: boolean): ReadonlyMap<string, number> {
  const head = decodeHead(bytesOf(sample.nodes, '/log/head'));
  if (head === undefined) throw new Error('a sample log without a head');
  const paths = [...sample.nodes.keys()].filter((path) => /^\/log\/\d{20}\.jsonl$/.test(path)).sort();
  const ends = new Map<string, number>();
  for (const path of paths) {
    if (path > `/log/${head.segment}`) continue;
    ends.set(path, path === `/log/${head.segment}` ? head.bytes : bytesOf(sample.nodes, path).length);
  }
  if (!sealedOnly) {
    ends.set('/log/head', bytesOf(sample.nodes, '/log/head').indexOf(0x20));
    if (paths[0] !== `/log/${segmentName(1)}`) ends.set('/log/retired.jsonl', bytesOf(sample.nodes, '/log/retired.jsonl').length);
    return ends;
  }
  // Without the key only what the last seal covers is proved, and the seal's own record is not among it.
  for (const path of [...paths].reverse()) {
    const sealAt = bytesOf(sample.nodes, path).toString('latin1').lastIndexOf('"profile":"indelible","kind":"seal"');
    if (sealAt < 0) ends.delete(path);
    else {
      ends.set(path, Math.min(ends.get(path) ?? 0, bytesOf(sample.nodes, path).lastIndexOf(0x0a, sealAt) + 1));
      break;
    }
  }
  return ends;
}

/** The first guarded file that is not what it was. */
export function changed(before: Nodes, after: Nodes, guards: ReadonlyMap<string, number>): string | undefined {
  for (const [path, end] of guards) {
    const node = after.get(path);
    if (!Buffer.isBuffer(node) || !node.subarray(0, end).equals(bytesOf(before, path).subarray(0, end))) return path;
  }
  return undefined;
}
