// What keeps the tree readable: floors, doors, sizes. Everything here is read from the files as they lie there.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = new URL('..', import.meta.url).pathname;
const source = join(root, 'src');

/** Rooms from the ground up. On a floor a later group may import an earlier one; rooms of one group do not know each other. */
const floors: readonly (readonly (readonly string[])[])[] = [
  [['event', 'clock', 'disk', 'kernel', 'memory']],
  [['keys', 'wire', 'redact'], ['chain']],
  [['checkpoint'], ['log']],
  [['server', 'client', 'verify', 'query', 'config'], ['exec', 'exchange', 'doctor']],
  [['cli']],
];

/** Imports that go sideways, with their reason. One that nobody needs any more is a failure, too. */
const sideways: readonly { readonly from: string; readonly to: string; readonly why: string }[] = [
  { from: 'config', to: 'server/settings.ts', why: 'the server says what it must be told; configuration fills it in; types only' },
];

/** Each package and the one room that may know it. */
const doors: Readonly<Record<string, string>> = {
  koffi: 'kernel', 'proper-lockfile': 'disk', 'env-var': 'config', pino: 'cli', msgpackr: 'wire',
  commander: 'cli', '@commander-js/extra-typings': 'cli',
};

/** Rooms that open sockets. The kernel asks about one that it is handed, and needs its type only. */
const socketRooms = ['client', 'server'];
/** Rooms that read the environment: the command line for the daemon, the client because it runs in other people's programs. */
const environmentRooms = ['cli', 'client'];
/** Rooms that open files: `disk` for all that is the log's, the others because they deal with what is outside of it. */
const fileRooms = ['disk', 'cli', 'exec', 'doctor'];
/** Files of other rooms that do, and why they do not ask the disk. */
const fileUsers: Readonly<Record<string, string>> = {
  'client/receipts.ts': 'runs in other people\'s programs, without the disk',
  'config/listener-directory.ts': 'configuration is no part of the state directory',
  'kernel/proc.ts': 'what the kernel says, it says in files',
  'log/history.ts': 'reads without holding up the thread of the sockets',
  'log/newest.ts': 'as history',
  'server/listener.ts': 'a socket has a name, an owner and a mode',
};
/** Who asks what time it is, or how much has passed, and why not the clock. */
const timeUsers: Readonly<Record<string, string>> = {
  'clock/clock.ts': 'is the clock',
  'client/outbox.ts': 'runs in other people\'s programs, without the clock',
  'disk/lock.ts': 'lies beside the clock on the ground floor',
};
const linesMax = 300;

interface Import {
  readonly name: string;
  readonly typesOnly: boolean;
}

interface SourceFile {
  /** Below `src`, as `room/file.ts`. */
  readonly path: string;
  readonly room: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

function importsOf(text: string): Import[] {
  const found: Import[] = [];
  for (const [, clause = '', name = ''] of text.matchAll(/^(?:import|export)\b([^'";]*?)\bfrom '([^']+)'/gms)) {
    const named = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1];
    const typesOnly = /^\s*type\b/.test(clause) ||
      named?.split(',').every((part) => part.trim() === '' || part.trim().startsWith('type ')) === true;
    found.push({ name, typesOnly });
  }
  for (const [, name = ''] of text.matchAll(/^import '([^']+)'/gm)) found.push({ name, typesOnly: false });
  for (const [, name = ''] of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g)) found.push({ name, typesOnly: false });
  return found;
}

function readSource(): SourceFile[] {
  return readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts')).sort().map((path) => {
    const text = readFileSync(join(source, path), 'utf8');
    return { path, room: path.split('/')[0] ?? '', text, imports: importsOf(text) };
  });
}

const files = readSource();
const byPath = new Map(files.map((file) => [file.path, file]));

/** The file that a relative import names. */
function target(file: SourceFile, name: string): string {
  return normalize(join(dirname(file.path), name)).replace(/\.js$/, '.ts');
}

function inside(file: SourceFile): { readonly to: string; readonly typesOnly: boolean }[] {
  return file.imports.filter(({ name }) => name.startsWith('.')).map(({ name, typesOnly }) => ({ to: target(file, name), typesOnly }));
}

/** Whether there is such a thing outside of comments. */
function says(file: SourceFile, what: RegExp): boolean {
  return file.text.split('\n').some((line) => !/^\s*(?:\/\/|\/?\*)/.test(line) && what.test(line));
}

function packageOf(name: string): string {
  return name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/');
}

function place(room: string): { readonly floor: number; readonly group: number } | undefined {
  for (const [floor, groups] of floors.entries()) {
    const group = groups.findIndex((rooms) => rooms.includes(room));
    if (group >= 0) return { floor, group };
  }
  return undefined;
}

function isDownwards(from: string, to: string): boolean {
  const [above, below] = [place(from), place(to)];
  if (above === undefined || below === undefined) return false;
  return below.floor < above.floor || (below.floor === above.floor && below.group < above.group);
}

describe('rooms', () => {
  test('every file lies flat in a room that has a floor', () => {
    expect(files.length).toBeGreaterThan(50);
    expect(files.filter((file) => file.path.split('/').length !== 2 || place(file.room) === undefined).map((file) => file.path)).toEqual([]);
  });

  test('imports go to the own room or down', () => {
    const upwards = files.flatMap((file) => inside(file)
      .filter(({ to }) => to.split('/')[0] !== file.room && !isDownwards(file.room, to.split('/')[0] ?? ''))
      .filter(({ to, typesOnly }) => !sideways.some((allowed) => allowed.from === file.room && allowed.to === to && typesOnly))
      .map(({ to }) => `${file.path} -> ${to}`));
    expect(upwards).toEqual([]);
  });

  test('every exception is used', () => {
    const isUsed = (from: string, to: string): boolean =>
      files.some((file) => file.room === from && inside(file).some((one) => one.to === to));
    const unused = sideways.filter(({ from, to }) => !isUsed(from, to));
    expect(unused).toEqual([]);
  });

  test('every import of our own names a file that is there', () => {
    expect(files.flatMap((file) => inside(file).filter(({ to }) => !byPath.has(to)).map(({ to }) => `${file.path} -> ${to}`))).toEqual([]);
  });

  test('no file imports itself over others', () => {
    const circles: string[] = [];
    const done = new Set<string>();
    const visit = (path: string, trail: readonly string[]): void => {
      if (trail.includes(path)) {
        circles.push([...trail.slice(trail.indexOf(path)), path].join(' -> '));
        return;
      }
      if (done.has(path)) return;
      const file = byPath.get(path);
      // Types count: two files that describe each other are read together or not at all.
      for (const { to } of file === undefined ? [] : inside(file)) visit(to, [...trail, path]);
      done.add(path);
    };
    for (const file of files) visit(file.path, []);
    expect(circles).toEqual([]);
  });
});

describe('doors', () => {
  test('each package is imported in its own room', () => {
    const strays = files.flatMap((file) => file.imports
      .filter(({ name }) => !name.startsWith('.') && !name.startsWith('node:') && doors[packageOf(name)] !== file.room)
      .map(({ name }) => `${file.path} -> ${name}`));
    expect(strays).toEqual([]);
  });

  test('each package but the command line\'s is imported in one file', () => {
    const users = new Map<string, Set<string>>();
    for (const file of files) {
      for (const { name } of file.imports) users.set(name, (users.get(name) ?? new Set()).add(file.path));
    }
    for (const name of ['koffi', 'proper-lockfile', 'env-var', 'msgpackr']) expect([name, users.get(name)?.size]).toEqual([name, 1]);
  });

  test('sockets are opened in the server and the client', () => {
    const rooms = files.filter((file) => file.imports.some(({ name, typesOnly }) => name === 'node:net' && !typesOnly)).map((file) => file.room);
    expect([...new Set(rooms)].sort()).toEqual(socketRooms);
  });

  test('files are opened by the disk, and elsewhere with a reason', () => {
    const users = files.filter((file) => file.imports.some(({ name, typesOnly }) => /^node:fs\b/.test(name) && !typesOnly));
    expect(fileRooms.filter((room) => !users.some((file) => file.room === room))).toEqual([]);
    expect(users.filter(({ room }) => !fileRooms.includes(room)).map(({ path }) => path)).toEqual(Object.keys(fileUsers));
  });

  test('the time is asked of the clock, and elsewhere with a reason', () => {
    const users = files.filter((file) => says(file, /\bDate\.now\b|\bnew Date\(\)|\bhrtime\b|\bperformance\.now\b/));
    expect(users.map(({ path }) => path).sort()).toEqual(Object.keys(timeUsers).sort());
    // How much has passed may be asked elsewhere; the wall clock, which steps, may not.
    expect(users.filter((file) => says(file, /\bDate\.now\b|\bnew Date\(\)/)).map(({ path }) => path)).toEqual(['clock/clock.ts']);
  });

  test('the environment is read by commands and by the client', () => {
    const rooms = files.filter((file) => says(file, /\bprocess\.env\b/)).map((file) => file.room);
    expect([...new Set(rooms)].sort()).toEqual(environmentRooms);
  });
});

describe('the client', () => {
  test('reaches events, the wire without its strict decoder and its buffers, and nothing else', () => {
    const seen = new Set<string>();
    const foreign = new Set<string>();
    const reach = (path: string): void => {
      const file = byPath.get(path);
      if (file === undefined || seen.has(path)) return;
      seen.add(path);
      for (const { name } of file.imports.filter(({ name: one }) => !one.startsWith('.'))) foreign.add(name);
      for (const { to } of inside(file)) reach(to);
    };
    reach('client/client.ts');
    expect(new Set([...seen].map((path) => path.split('/')[0]))).toEqual(new Set(['client', 'event', 'memory', 'wire']));
    for (const file of ['wire/decode.ts', 'wire/strict.ts']) expect([file, byPath.has(file), seen.has(file)]).toEqual([file, true, false]);
    expect([...foreign].filter((name) => !name.startsWith('node:'))).toEqual(['msgpackr']);
  });
});

describe('files', () => {
  test(`have at most ${linesMax} lines`, () => {
    expect(files.map((file) => [file.path, file.text.trimEnd().split('\n').length] as const).filter(([, lines]) => lines > linesMax)).toEqual([]);
  });

  test('open by saying what they are for', () => {
    expect(files.filter((file) => !/^(?:#![^\n]*\n)?(?:\/\*\*\n \* |\/\/ )\S/.test(file.text)).map((file) => file.path)).toEqual([]);
  });

  test('are no barrels and have no default export', () => {
    expect(files.filter((file) => /(?:^|\/)index\.ts$/.test(file.path) || /^export default\b/m.test(file.text)).map((file) => file.path)).toEqual([]);
    const reexporting = files.filter((file) => /^export (?:\*|\{[^}]*\}) from/m.test(file.text) || /^export \{[^}]*\} from/ms.test(file.text));
    // The one door for other people's programs names what belongs to it.
    expect(reexporting.map((file) => file.path)).toEqual(['client/client.ts']);
    expect(files.filter((file) => /^export \* from/m.test(file.text)).map((file) => file.path)).toEqual([]);
  });
});

describe('package.json', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly dependencies: Readonly<Record<string, string>> };

  test('pins every runtime package to one version', () => {
    expect(Object.entries(manifest.dependencies).filter(([, range]) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([]);
  });

  test('lists the packages that are imported, their peers, and no others', () => {
    const imported = new Set(files.flatMap((file) => file.imports.map(({ name }) => name))
      .filter((name) => !name.startsWith('.') && !name.startsWith('node:')).map(packageOf));
    for (const name of [...imported]) {
      const text = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
      const { peerDependencies = {} } = JSON.parse(text) as { readonly peerDependencies?: Readonly<Record<string, string>> };
      for (const peer of Object.keys(peerDependencies)) imported.add(peer);
    }
    expect(Object.keys(manifest.dependencies).sort()).toEqual([...imported].sort());
  });
});

describe('documents', () => {
  const documents = ['README.md', 'src/log/FORMAT.md', 'src/verify/REPORT.md', 'src/wire/PROTOCOL.md', 'test/RESULTS.md'];
  /** What a heading is called in a link to it. */
  const anchors = (path: string): readonly string[] =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replaceAll(' ', '-'));

  test.each(documents)('%s is installed, and links to what is, and to headings that are there', (document) => {
    const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
    const broken = [...readFileSync(join(root, document), 'utf8').matchAll(/\]\((?!https?:)([^)#]*)#?([^)]*)\)/g)].filter(([, file = '', heading = '']) => {
      const to = file === '' ? document : normalize(join(dirname(document), file));
      return !files.includes(to) || (heading !== '' && !anchors(to).includes(heading));
    });
    expect({ listed: files.includes(document), broken: broken.map(([link]) => link) }).toEqual({ listed: true, broken: [] });
  });
});
