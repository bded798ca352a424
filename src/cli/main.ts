#!/usr/bin/env node
// The command line: one file for each command, put together here.
import { Command } from '@commander-js/extra-typings';
import { serveCommand } from './serve.js';
import { version } from './version.js';

const program = new Command('indelible')
  .description('An audit log that cannot be rewritten: records what it is sent, acknowledges what is durable, proves what it holds.')
  .version(version)
  .enablePositionalOptions()
  .addCommand(serveCommand());

await program.parseAsync();
