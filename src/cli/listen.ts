// `indelible listen`: sockets that come and go while the daemon runs, one for each guest or tenant. The daemon reads them
// from its state directory, so whoever may write there may add a door, and nobody else.
import { statSync } from 'node:fs';
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { ClientError } from '../client/client.js';
import { readConfig } from '../config/config.js';
import type { Config } from '../config/config.js';
import { readListenerDirectory } from '../config/listener-directory.js';
import { errorCode, realDisk } from '../disk/disk.js';
import { profileNames } from '../event/catalogue.js';
import { placesIn } from '../log/segment.js';
import { type Outcome, addListener, removeListener } from './added-listener.js';
import { exitCodeOf, exitCodes } from './exit.js';
import { complain, print, say } from './terminal.js';

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
    .addHelpText('after', '\nExit status: 0, 1 the daemon did not answer there or the listener is not there, 2 wrong usage.\n\nExample, for a microVM whose guest connects to port 5000 of its vsock:\n' +
      '  indelible listen add vm-7 --path /run/vm-7/v.sock_5000 --label vm=vm-7 --profile mvm.local');
  command.command('add <name>')
    .description('adds a listener, or replaces all that one of this name had, and waits until it answers')
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
      process.exitCode = await inState((config) => addListener(config, name, entry, wait));
    });
  command.command('remove <name>')
    .description('removes a listener that was added, ends its connections, and waits until its socket is gone')
    .option('--no-wait', 'do not wait for the daemon')
    .addHelpText('after', '\nExample:\n  indelible listen remove vm-7')
    .action(async (name, { wait }) => {
      process.exitCode = await inState((config) => (name.includes('/')
        ? { exitCode: exitCodes.usage, said: [`${JSON.stringify(name)} is no listener's name`] }
        : removeListener(config, name, wait)));
    });
  command.command('list')
    .description('shows the listeners that were added, one JSON object a line')
    .addHelpText('after', '\nExample:\n  indelible listen list | jq .path')
    .action(async () => {
      process.exitCode = await inState(list);
    });
  return command;
}

async function list({ stateDirectory, listenerDefaults, listeners: fixed }: Config): Promise<Outcome> {
  const { listeners, problems } = readListenerDirectory(stateDirectory, listenerDefaults, profileNames, fixed);
  for (const listener of listeners) {
    await print(JSON.stringify({ ...listener, mode: listener.mode.toString(8).padStart(4, '0') }));
  }
  return { exitCode: problems.length === 0 ? exitCodes.ok : exitCodes.failed, said: problems };
}

/** Does `work` on the state directory, as its owner, and says what came of it; returns the exit status. */
async function inState(work: (config: Config) => Outcome | Promise<Outcome>): Promise<number> {
  const end = ({ exitCode, said }: Outcome): number => {
    for (const text of said) say(`indelible: ${text}`);
    return exitCode;
  };
  const read = readConfig(process.env);
  if (!read.ok) return end({ exitCode: exitCodes.usage, said: read.problems });
  const { stateDirectory: state } = read.config;
  try {
    if (realDisk.entry(placesIn(state).keys) === undefined) {
      return end({ exitCode: exitCodes.usage, said: [`there is no log in ${state}: name the daemon's state directory in INDELIBLE_STATE_DIR`] });
    }
    actAsOwner(state);
    return end(await work(read.config));
  } catch (error) {
    const code = errorCode(error);
    if (code === undefined || error instanceof ClientError) return complain(error);
    const advice = code === 'EACCES' || code === 'EPERM' ? `; give this command as root, or as the owner of ${state}` : '';
    return end({ exitCode: exitCodeOf(error), said: [`${String(error)}${advice}`] });
  }
}

/** What root writes, the daemon could not read: in its directory root works as the daemon's user, and can do no more. */
function actAsOwner(directory: string): void {
  const { uid, gid } = statSync(directory);
  if (process.getuid?.() !== 0 || uid === 0) return;
  process.setgroups?.([gid]);
  process.setgid?.(gid);
  process.setuid?.(uid);
}
