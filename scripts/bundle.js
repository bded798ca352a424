// Copies what a host needs into one directory: the program, the packages it runs on, Node itself, and what is to be read.
// Usage: node scripts/bundle.js TO
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = realpathSync(new URL('..', import.meta.url).pathname);
const [, , to] = process.argv;
if (to === undefined) throw new Error('usage: node scripts/bundle.js TO');

/** Where Node would find a package that `from` asks for; undefined if it is not installed. */
function find(name, from) {
  for (let at = from; ; at = dirname(at)) {
    const directory = join(at, 'node_modules', name);
    if (existsSync(join(directory, 'package.json'))) return directory;
    if (at === dirname(at)) return undefined;
  }
}

/** The directories of everything a package needs to run. Of optional packages, those for other machines are not there. */
function closure(directory, found = new Set()) {
  const { dependencies = {}, optionalDependencies = {}, peerDependencies = {} } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'));
  for (const name of Object.keys({ ...peerDependencies, ...dependencies, ...optionalDependencies })) {
    const package_ = find(name, directory);
    if (package_ === undefined) {
      if (name in optionalDependencies || name in peerDependencies) continue;
      throw new Error(`${name} is not installed, and ${directory} needs it`);
    }
    if (found.has(package_)) continue;
    found.add(package_);
    closure(package_, found);
  }
  return found;
}

const packages = closure(root);
for (const directory of packages) {
  // Below ours, or beside us where npm laid everything flat.
  const inside = relative(root, directory);
  const place = inside.startsWith('..') ? directory.slice(directory.indexOf('node_modules')) : inside;
  // One package may lie in another's node_modules; each is copied by itself, and only what is needed.
  cpSync(directory, join(to, place), { recursive: true, filter: (path) => relative(directory, path).split('/')[0] !== 'node_modules' });
}
const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
for (const name of ['package.json', ...files]) cpSync(join(root, name), join(to, name), { recursive: true });
mkdirSync(join(to, 'bin'), { recursive: true });
cpSync(realpathSync(process.execPath), join(to, 'bin/node'));
writeFileSync(join(to, 'bin/indelible'), `#!/bin/sh
# The command with the Node it was installed with, whatever else the host has.
exec /usr/lib/indelible/bin/node /usr/lib/indelible/dist/cli/main.js "$@"
`);
chmodSync(join(to, 'bin/indelible'), 0o755);
