#!/usr/bin/env node
// The command line: one file for each command, put together here. Of a command that is named only its own is loaded: all of them
// take longer to load than most take to do what they do.
// First, because it looks at what is open before anything of ours is.
import '../exec/inherited.js';
import { Command, CommanderError } from '@commander-js/extra-typings';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { unknownVariables } from '../config/variables.js';
import { exitCodes } from './exit.js';
import { helpCommand } from './help.js';
import { quietOnClosedPipe, say } from './terminal.js';
import { version } from './version.js';

// Who does not hear us cannot be told so; and whatever was found stays the exit status.
process.stderr.on('error', () => undefined);
// A file that may not become larger is an error that is said (EFBIG), and not the end of the process.
process.on('SIGXFSZ', () => undefined);

const program = new Command('indelible')
  .description('Records what it is sent, acknowledges what is durable, and lets anyone check that nothing was changed since.')
  .version(version)
  // What stands behind a command is that command's, its --version too.
  .enablePositionalOptions();

const makers = new Map<string, () => Promise<CommandUnknownOpts>>([
  ['serve', async () => (await import('./serve.js')).serveCommand()],
  ['init', async () => (await import('./init.js')).initCommand()],
  ['emit', async () => (await import('./emit.js')).emitCommand()],
  ['exec', async () => (await import('./exec.js')).execCommand()],
  ['tail', async () => (await import('./tail.js')).tailCommand()],
  ['query', async () => (await import('./query.js')).queryCommand()],
  ['status', async () => (await import('./status.js')).statusCommand()],
  ['verify', async () => (await import('./verify.js')).verifyCommand()],
  ['prove', async () => (await import('./prove.js')).proveCommand()],
  ['checkpoint', async () => (await import('./checkpoint.js')).checkpointCommand()],
  ['doctor', async () => (await import('./doctor.js')).doctorCommand()],
  ['listen', async () => (await import('./listen.js')).listenCommand()],
  ['import', async () => (await import('./import.js')).importCommand()],
  ['export', async () => (await import('./export.js')).exportCommand()],
]);
const named = makers.get(process.argv[2] ?? '');
const commands = await Promise.all((named === undefined ? [...makers.values()] : [named]).map((make) => make()));
for (const command of commands) program.addCommand(command.version(version));
for (const one of [program, ...commands].filter(({ commands: below }) => below.length > 0)) {
  one.helpCommand(false).addCommand(helpCommand(one));
}

/** What a command ends with whose stdout cannot be written: not with what would be a verdict. */
const unwritableExit = (command: string): number => (command === 'verify' ? exitCodes.unverifiable : exitCodes.writeFailed);

// Not those that hand stdout on to others: `init` writes its key by itself, and the command of `exec` has it as it was.
const printing = commands.filter((one) => !['serve', 'init', 'exec'].includes(one.name()));
for (const command of printing) command.hook('preAction', () => { quietOnClosedPipe(unwritableExit(command.name())); });

// Those that read all of the configuration refuse a name they do not know; the others would go on without what it was to say.
const refusing = new Set(['serve', 'init', 'listen']);
for (const command of commands.filter((one) => !refusing.has(one.name()))) {
  command.hook('preAction', () => { for (const problem of unknownVariables(process.env)) say(`indelible: ${problem}, and is ignored`); });
}

for (const command of [program, ...program.commands, ...commands.flatMap(({ commands: below }) => below)]) {
  command.exitOverride();
  // Help and versions, which are all that is printed where no action is.
  command.configureOutput({
    writeOut: (text) => {
      quietOnClosedPipe(unwritableExit(command.name()));
      process.stdout.write(text);
    },
  });
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Wrong usage is 2 everywhere; commander's own habit is 1, which here means something was found. The process ends by itself,
  // not before it has heard that what it printed could not be written.
  process.exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
}
