// `indelible checkpoint`: the newest signed checkpoint, to be kept where the host cannot reach it.
import { Command } from '@commander-js/extra-typings';
import { withClient } from './connection.js';
import { exitCodes } from './exit.js';

export function checkpointCommand(): Command {
  return new Command('checkpoint')
    .summary('print the newest signed checkpoint')
    .description('Prints the newest checkpoint, a C2SP signed note. Kept elsewhere, it shows later if this log was rolled back.')
    .option('--socket <path>', 'the daemon\'s socket')
    .addHelpText('after', '\nExit status: 0, 1 nothing is sealed yet or no daemon, 2 wrong usage.\n\nExample:\n  indelible checkpoint > elsewhere/checkpoint-$(date +%F)')
    .action(async (options) => {
      await withClient(options, async (client) => {
        process.stdout.write(await client.checkpoint());
        return exitCodes.ok;
      });
    });
}
