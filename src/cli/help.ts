// `help`, of the program and of a command with commands of its own: commander's shows the whole help for a name it does not know.
import { Command } from '@commander-js/extra-typings';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { printable } from '../event/printable.js';

/** A command that shows the help of what is named below `parent`, or of `parent`; what it does not know is wrong usage. */
export function helpCommand(parent: CommandUnknownOpts): Command<[string[]]> {
  return new Command('help')
    .description('show the help of a command')
    .argument('[command...]')
    .action((names) => {
      let command = parent;
      for (const name of names) {
        const below = command.commands.find((one) => one.name() === name);
        if (below === undefined) parent.error(`error: unknown command '${printable(names.join(' '))}'`, { code: 'commander.unknownCommand' });
        command = below;
      }
      command.help();
    });
}
