// Whether a terminal controls this process. Invariant: asked anew each time, because a shell moves jobs between foreground
// and background.
import { statOf } from './stat.js';

/** `foreground`: ^C and ^Z reach this process's group. `background`: a terminal is there, and speaks to others. */
export type TerminalTie = 'none' | 'foreground' | 'background';

export function terminalTie(): TerminalTie {
  const stat = statOf('self');
  // Hidden: then the command gets a group of its own, and every signal is passed on.
  if (stat === undefined || stat.terminal === '0') return 'none';
  return stat.group === stat.foreground ? 'foreground' : 'background';
}
