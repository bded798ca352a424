#!/usr/bin/env node
// The command line: one file for each command, put together here.
// First, because it looks at what is open before anything of ours is.
import '../exec/inherited.js';
import { Command } from '@commander-js/extra-typings';
import { checkpointCommand } from './checkpoint.js';
import { doctorCommand } from './doctor.js';
import { emitCommand } from './emit.js';
import { exitCodes } from './exit.js';
import { execCommand } from './exec.js';
import { exportCommand } from './export.js';
import { importCommand } from './import.js';
import { initCommand } from './init.js';
import { listenCommand } from './listen.js';
import { proveCommand } from './prove.js';
import { queryCommand } from './query.js';
import { serveCommand } from './serve.js';
import { statusCommand } from './status.js';
import { tailCommand } from './tail.js';
import { verifyCommand } from './verify.js';
import { version } from './version.js';

const program = new Command('indelible')
  .description('Records what it is sent, acknowledges what is durable, and lets anyone check that nothing was changed since.')
  .version(version);

const commands = [
  serveCommand(), initCommand(), emitCommand(), execCommand(), tailCommand(), queryCommand(), statusCommand(), verifyCommand(),
  proveCommand(), checkpointCommand(), doctorCommand(), listenCommand(), importCommand(), exportCommand(),
];
for (const command of commands) program.addCommand(command.version(version));

// Wrong usage is 2 everywhere; commander's own habit is 1, which here means something was found.
for (const command of [program, ...commands, ...commands.flatMap(({ commands: below }) => below)]) {
  command.exitOverride((error) => { process.exit(error.exitCode === 0 ? exitCodes.ok : exitCodes.usage); });
}

await program.parseAsync();
