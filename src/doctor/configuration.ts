// The variables that the daemon was started with, or would be.
import { counted } from './amount.js';
import type { Verdict } from './check.js';
import { fail, ok, rootSays, skip } from './check.js';
import type { Subject } from './subject.js';
import { settingsSource } from './subject.js';

export function checkConfiguration({ holder, settings }: Subject): Verdict {
  if (!settings.isDaemons && holder.kind === 'process') return skip(`this user may not read the environment of process ${holder.pid}`, rootSays);
  // Ours says what a daemon would start with only where surely none is running with another.
  if (!settings.isDaemons && holder.kind !== 'nobody') return skip('no daemon\'s process is to be seen whose environment could be read');
  const { config, problems } = settings;
  const where = settingsSource(settings);
  if (config === undefined) {
    return fail(`${counted(problems.length, 'mistake')} in ${where}: ${problems.join('; ')}`, 'mend these variables: serve does not start with them');
  }
  return ok(`no mistakes in ${where}`);
}
