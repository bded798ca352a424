/**
 * Who may touch the log's files. Invariant: what is said to be closed to others was looked at, name by name; contents of
 * keys are never read.
 */
import { basename, dirname, join } from 'node:path';
import { parseSegmentName } from '../log/segment.js';
import { counted } from './amount.js';
import type { Verdict } from './check.js';
import { fail, modeText, ok, quoted, skip, warn } from './check.js';
import type { Host, Stat } from './host.js';
import type { Subject } from './subject.js';
import { ownerOf, unlessForbidden } from './subject.js';

const forOthers = 0o077;
const writableByOthers = 0o022;
const sticky = 0o1000;
/** Files looked at in one directory, the newest first. */
const filesMax = 10_000;
/** Problems named in one sentence. */
const namedMax = 3;

export async function checkStateDirectory(subject: Subject): Promise<Verdict> {
  const { host, holder, wanted, places: { state } } = subject;
  const stat = await host.stat(state);
  const path = quoted(state);
  if (stat === undefined) {
    return fail(`there is no ${wanted.stateDirectory}`, 'name the daemon\'s with --state-dir, or start a daemon, which makes it',
      `INDELIBLE_STATE_DIR=${quoted(wanted.stateDirectory)} indelible serve`);
  }
  if (stat.kind !== 'directory') return fail(`${state} is no directory but a ${stat.kind}`, 'name the daemon\'s with --state-dir');
  const owner = await ownerOf(subject);
  if (owner !== undefined && stat.uid !== owner) {
    return fail(`${state} belongs to uid ${stat.uid}, and the daemon is uid ${owner}`, 'give it to the daemon\'s user', `chown -R ${owner} ${path}`);
  }
  if ((stat.mode & 0o777) !== 0o700) {
    return fail(`${state} has mode ${modeText(stat.mode)} and should have 0700`, 'close it to everybody else', `chmod 0700 ${path}`);
  }
  const whose = holder.kind === 'process' && holder.uid !== undefined ? ', the daemon\'s' : '';
  return ok(`${state} is a directory of uid ${stat.uid}${whose}, mode 0700`);
}

/** Whoever may write to a directory above may put another one in the place of ours. */
export async function checkParents(subject: Subject): Promise<Verdict> {
  const { host, wanted, places } = subject;
  const owner = await ownerOf(subject);
  const above = new Set([...parentsOf(wanted.stateDirectory), ...parentsOf(places.state)]);
  for (const path of above) {
    const stat = await host.stat(path);
    // A link on the way: the place it leads to is among the parents of the real path.
    if (stat === undefined || stat.kind === 'link') continue;
    if ((stat.mode & writableByOthers) !== 0 && (stat.mode & sticky) === 0) {
      return fail(`${path}, above the state directory, can be written by others (mode ${modeText(stat.mode)}): they can replace what is in it`,
        'close it, or move the log', `chmod go-w ${quoted(path)}`);
    }
    if (stat.uid !== 0 && owner !== undefined && stat.uid !== owner) {
      return fail(`${path}, above the state directory, belongs to uid ${stat.uid}, who can replace what is in it`,
        'give it to root or to the daemon\'s user, or move the log', `chown ${owner} ${quoted(path)}`);
    }
  }
  return ok(`none of the ${above.size} directories above it can be changed by others`);
}

function parentsOf(path: string): string[] {
  const parents: string[] = [];
  for (let at = dirname(path); ; at = dirname(at)) {
    parents.push(at);
    if (at === dirname(at)) return parents;
  }
}

export async function checkLogFiles(subject: Subject): Promise<Verdict> {
  const { host, places } = subject;
  const names = await host.list(places.log);
  if (names === undefined) return fail(`there is no ${places.log}: nothing was ever recorded here, or it was taken away`, 'see what is left', `ls -la ${quoted(places.state)}`);
  const segments = names.filter((name) => parseSegmentName(name) !== undefined);
  const looked = segments.slice(-filesMax);
  const faults = await faultsIn(subject, places.log, [...looked, ...['head', 'retired.jsonl'].filter((name) => names.includes(name))]);
  if (faults.length > 0) return faultVerdict(faults, places.log);
  if (!names.includes('head')) {
    return fail(`log/head is missing, so nothing says how far the log is durable`, 'see what else is', verifyCommand(places.state));
  }
  const link = await host.linkTarget(places.link).catch(() => '');
  if (link === undefined || !segments.slice(-2).includes(link)) {
    return warn(`log/audit.jsonl ${link === undefined ? 'is missing' : link === '' ? 'is no symbolic link' : `leads to ${link}`}, and should lead to ${segments.at(-1) ?? 'a segment'}`,
      'whoever follows that name reads something else; restart the daemon, which makes it anew');
  }
  const some = looked.length < segments.length ? `the newest ${looked.length} of ${segments.length} segments` : counted(segments.length, 'segment');
  return ok(`${some} and the head are regular files with one name each, closed to others; audit.jsonl leads to ${link}`);
}

export async function checkKeyFiles(subject: Subject): Promise<Verdict> {
  const { host, places } = subject;
  const names = await host.list(places.keys);
  const missing = ['current', 'identity'].filter((name) => names?.includes(name) !== true);
  if (names === undefined || missing.length > 0) {
    return fail(`keys/${names === undefined ? '' : missing.join(' and keys/')} is missing: the daemon cannot go on with this log`,
      'see what is left of the log', verifyCommand(places.state));
  }
  const faults = await faultsIn(subject, places.keys, names.slice(0, filesMax));
  if (faults.length > 0) return faultVerdict(faults, places.keys);
  return ok(`keys/ and the ${counted(names.length, 'file')} in it are the daemon's alone`);
}

export async function checkVerificationKey({ host, places }: Subject): Promise<Verdict> {
  const key = places.verificationKey;
  // The directory first: a key in one that is not to be seen is not known to be gone.
  if (await host.list(places.keys) === undefined) return skip(`there is no ${places.keys}`);
  if (await host.stat(key) === undefined) return await checkBornKey(host, places.state);
  return warn('keys/verification.key still lies beside the log: whoever takes this host can read it, and what is checked with it proves nothing',
    'move it to another machine', `scp ${quoted(key)} HOST:indelible.key && shred -u ${quoted(key)}`);
}

/** Where the units of systemd/ leave the key of a log that they made, for root to take away. */
async function checkBornKey(host: Host, state: string): Promise<Verdict> {
  const key = join(dirname(state), 'indelible-keys', `${basename(state)}.key`);
  const left = await unlessForbidden(host.stat(key));
  if (left === undefined || left.bytes === 0) return ok('keys/verification.key is not in this host\'s state directory, as it should be');
  return warn(`${key} still holds the verification key: root can read it, and whoever becomes root`,
    'move it to another machine', `scp ${quoted(key)} HOST:indelible.key && shred -u ${quoted(key)}`);
}

function verifyCommand(state: string): string {
  return `indelible verify --state-dir ${quoted(state)} --key FILE`;
}

interface Fault {
  readonly name: string;
  readonly what: string;
  readonly say: string;
  readonly run: string;
}

/** What is wrong with a directory of ours and with files in it. */
async function faultsIn(subject: Subject, directory: string, names: readonly string[]): Promise<readonly Fault[]> {
  const { host } = subject;
  const owner = await ownerOf(subject);
  const faults: Fault[] = [];
  const self = await host.stat(directory);
  if (self !== undefined) faults.push(...faultsOf('', directory, self, 'directory', owner));
  for (const name of names) {
    const path = join(directory, name);
    const stat = await host.stat(path);
    // Retention or a rename took it away after it was listed.
    if (stat !== undefined) faults.push(...faultsOf(name, path, stat, 'file', owner));
  }
  return faults;
}

function faultsOf(name: string, path: string, stat: Stat, kind: 'file' | 'directory', owner: number | undefined): readonly Fault[] {
  const file = quoted(path);
  const shown = name === '' ? `${path} itself` : name;
  if (stat.kind !== kind) {
    return [{ name: shown, what: `is a ${stat.kind} and should be a ${kind}`, say: 'somebody put it there: find out who', run: `ls -la ${file}` }];
  }
  const faults: Fault[] = [];
  if (owner !== undefined && stat.uid !== owner) {
    faults.push({ name: shown, what: `belongs to uid ${stat.uid}, not ${owner}`, say: 'give it back', run: `chown ${owner} ${file}` });
  }
  if ((stat.mode & forOthers) !== 0) {
    const should = kind === 'file' ? '0600' : '0700';
    faults.push({ name: shown, what: `has mode ${modeText(stat.mode)}`, say: `others may have touched it: close it, then verify the log`, run: `chmod ${should} ${file}` });
  }
  if (kind === 'file' && stat.links !== 1) {
    faults.push({ name: shown, what: `has ${stat.links} names`, say: 'find the other name, and remove it', run: `find / -xdev -samefile ${file}` });
  }
  return faults;
}

/** Each fault in words, as far as they fit; the command mends the first, or all where one command can. */
function faultVerdict(faults: readonly Fault[], directory: string): Verdict {
  const [first] = faults;
  if (first === undefined) return skip('nothing was looked at');
  const named = faults.slice(0, namedMax).map(({ name, what }) => `${name} ${what}`).join('; ');
  const more = faults.length > namedMax ? `; and ${faults.length - namedMax} more` : '';
  const modes = faults.filter(({ run }) => run.startsWith('chmod 0600'));
  const run = modes.length > 1 && modes.length === faults.length
    ? `find ${quoted(directory)} -maxdepth 1 -type f -exec chmod 0600 {} +` : first.run;
  return fail(named + more, first.say, run);
}
