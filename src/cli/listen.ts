// `indelible listen`: sockets that come and go while the daemon runs, one for each guest or tenant. The daemon reads them
// from its state directory, so whoever may write there may add a door, and nobody else.
import { existsSync, statSync } from 'node:fs';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { connect } from '../client/client.js';
import { readConfig } from '../config/config.js';
import type { Config } from '../config/config.js';
import { listenerDirectory, listenerFile, readListenerDirectory } from '../config/listener-directory.js';
import { parseListener } from '../config/listeners.js';
import { realDisk } from '../disk/disk.js';
import { removeIfThere, replaceFile } from '../disk/write.js';
import { profileNames } from '../event/catalogue.js';
import { exitCodes } from './exit.js';
import { complain, print, say } from './terminal.js';

/** How long the daemon may take to answer on a new socket, ms. */
const answerMs = 5_000;

function collect(value: string, held: readonly string[] | undefined): readonly string[] {
  return [...(held ?? []), value];
}

function label(value: string, held: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
  const at = value.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('should be name=value.');
  return { ...held, [value.slice(0, at)]: value.slice(at + 1) };
}

export function listenCommand(): Command {
  const command = new Command('listen')
    .summary('add and remove sockets of the running daemon')
    .description('Adds and removes listeners: sockets with fixed labels, profiles and limits that no client can change.')
    .addHelpText('after', '\nExample, for a microVM whose guest connects to port 5000 of its vsock:\n' +
      '  indelible listen add vm-7 --path /run/vm-7/v.sock_5000 --label vm=vm-7 --profile mvm.local');
  command.command('add <name>')
    .description('adds a listener, or changes it, and waits until it answers')
    .requiredOption('--path <socket>', 'where it listens')
    .option('--mode <octal>', 'permissions of the socket, such as 0660')
    .option('--profile <profile>', 'may be used on it; give it again for more; default: all', collect)
    .option('--label <name=value>', 'stands in the source of every record; give it again for more', label)
    .option('--rate <events>', 'events per second for each process', Number)
    .option('--no-wait', 'do not wait for the daemon')
    .addHelpText('after', '\nExample:\n  indelible listen add vm-7 --path /run/vm-7/v.sock_5000 --label vm=vm-7')
    .action(async (name, { path, mode, profile, label: labels, rate, wait }) => {
      const entry = {
        path, ...(mode === undefined ? {} : { mode }), ...(profile === undefined ? {} : { profiles: profile }),
        ...(labels === undefined ? {} : { labels }), ...(rate === undefined ? {} : { rate }),
      };
      process.exitCode = await add(name, entry, wait);
    });
  command.command('remove <name>')
    .description('removes a listener that was added, and ends its connections')
    .addHelpText('after', '\nExample:\n  indelible listen remove vm-7')
    .action((name) => { process.exitCode = withConfig((config) => remove(config, name)); });
  command.command('list')
    .description('shows the listeners that were added, one JSON object a line')
    .addHelpText('after', '\nExample:\n  indelible listen list | jq .path')
    .action(async () => {
      const read = withConfigOf();
      if (typeof read === 'number') {
        process.exitCode = read;
        return;
      }
      const { stateDirectory, listenerDefaults, listeners: fixed } = read;
      const { listeners, problems } = readListenerDirectory(stateDirectory, listenerDefaults, profileNames, fixed);
      for (const listener of listeners) {
        await print(JSON.stringify({ ...listener, mode: listener.mode.toString(8).padStart(4, '0') }));
      }
      for (const problem of problems) say(`indelible: ${problem}`);
      process.exitCode = problems.length === 0 ? exitCodes.ok : exitCodes.failed;
    });
  return command;
}

function withConfigOf(): Config | number {
  const read = readConfig(process.env);
  if (read.ok) return read.config;
  for (const problem of read.problems) say(`indelible: ${problem}`);
  return exitCodes.usage;
}

function withConfig(work: (config: Config) => number): number {
  const config = withConfigOf();
  return typeof config === 'number' ? config : work(config);
}

/** What root writes, the daemon could not read: in its directory root works as the daemon's user, and can do no more. */
function actAsOwner(directory: string): void {
  if (!existsSync(directory)) return;
  const { uid, gid } = statSync(directory);
  if (process.getuid?.() !== 0 || uid === 0) return;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}

async function add(name: string, entry: { readonly path: string }, wait: boolean): Promise<number> {
  const config = withConfigOf();
  if (typeof config === 'number') return config;
  try {
    parseListener({ ...entry, name }, config.listenerDefaults, profileNames);
  } catch (error) {
    say(`indelible: ${error instanceof Error ? error.message : String(error)}`);
    return exitCodes.usage;
  }
  try {
    actAsOwner(config.stateDirectory);
    realDisk.makeDirectory(listenerDirectory(config.stateDirectory));
    replaceFile(realDisk, listenerFile(config.stateDirectory, name), Buffer.from(`${JSON.stringify(entry)}\n`));
    if (!wait) return exitCodes.ok;
    const client = await connect({ socket: entry.path, connectTimeoutMs: answerMs });
    const { listener } = client.welcome.source;
    await client.close();
    if (listener === name) return exitCodes.ok;
    say(`indelible: ${entry.path} is answered by listener ${JSON.stringify(listener)}; see the daemon's log`);
    return exitCodes.failed;
  } catch (error) {
    return complain(error);
  }
}

function remove(config: Config, name: string): number {
  if (name.includes('/')) {
    say(`indelible: ${JSON.stringify(name)} is no listener's name`);
    return exitCodes.usage;
  }
  const file = listenerFile(config.stateDirectory, name);
  if (realDisk.entry(file) === undefined) {
    say(`indelible: no listener ${JSON.stringify(name)} was added`);
    return exitCodes.failed;
  }
  actAsOwner(config.stateDirectory);
  removeIfThere(realDisk, file);
  return exitCodes.ok;
}
