// Something else than a file where a file should be. These are put on a real disk and shown to the real command, in a
// process of its own: whoever opens a FIFO may wait for ever. Invariant: that one does not end is a miss, too.
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Attack, DiskAttempt, ResidualName } from './attack.js';
import { paths } from './victim.js';
import type { Victim } from './victim.js';

/** What a file may be replaced by; its bytes are still there where that is possible. */
const replacements: Readonly<Record<string, (path: string) => void>> = {
  'a symbolic link': (path) => {
    renameSync(path, aside(path));
    symlinkSync(aside(path), path);
  },
  'a FIFO': (path) => {
    rmSync(path, { recursive: true, force: true });
    execFileSync('mkfifo', [path]);
  },
  'a directory': (path) => {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path);
  },
};

function aside(path: string): string {
  const directory = join(dirname(path), 'aside');
  mkdirSync(directory, { recursive: true });
  return join(directory, basename(path));
}

const replacementList = Object.entries(replacements);

/** Newest, middle, oldest. */
function someSegments(victim: Victim): readonly string[] {
  const { segments } = victim;
  const some = [segments.at(-1), segments[Math.floor(segments.length / 2)], segments[0]];
  return some.flatMap((segment) => (segment === undefined ? [] : [segment.path]));
}

function onSegments(name: string, list: readonly (readonly [string, (path: string) => void])[]): Attack {
  return {
    family: 'Segments', name, on: (logs) => [logs.line],
    count: (victim) => someSegments(victim).length * list.length,
    at: (index, victim): DiskAttempt | undefined => {
      const path = someSegments(victim)[Math.floor(index / list.length)];
      const [what, replace] = list[index % list.length] ?? [];
      if (path === undefined || replace === undefined) return undefined;
      return {
        what: `${basename(path)} by ${what ?? ''}`, where: { segment: basename(path) }, publicly: true,
        spoil: (directory) => { replace(join(directory, path)); },
      };
    },
  };
}

/** A name that leads to the same bytes from somewhere else, where others may write to them. */
function hardLinked(path: string): void {
  linkSync(path, join(dirname(path), '../elsewhere'));
}

/** Files beside the segments, and whether verification may do without. */
const others: readonly (readonly [string, ResidualName | undefined])[] = [
  [paths.head, undefined], [paths.checkpoint, undefined], [paths.logPub, undefined], [paths.retired, undefined],
  [paths.link, undefined], [paths.current, 'key_file'], [paths.keys, 'key_file'],
];

export const specialAttacks: readonly Attack[] = [
  onSegments('replaced by symlink, FIFO, directory', replacementList),
  onSegments('hard-linked from elsewhere', [['a hard link', hardLinked]]),
  {
    family: 'State', name: 'head and others replaced by symlink, FIFO, directory', on: (logs) => [logs.retired],
    count: () => others.length * replacementList.length,
    at: (index): DiskAttempt | undefined => {
      const [path, residual] = others[Math.floor(index / replacementList.length)] ?? [];
      const [what, replace] = replacementList[index % replacementList.length] ?? [];
      if (path === undefined || replace === undefined) return undefined;
      // A link is what it is; `keys` as no directory is a class of its own.
      if (path === paths.link && what === 'a symbolic link') return undefined;
      if (path === paths.keys && what === 'a FIFO') return undefined;
      return {
        what: `${path.slice(1)} by ${what ?? ''}`, publicly: residual === undefined, ...(residual === undefined ? {} : { residual }),
        spoil: (directory) => { replace(join(directory, path)); },
      };
    },
  },
];
