// Whether a terminal controls this process, from /proc/self/stat. Invariant: asked anew each time, because a shell moves
// jobs between foreground and background.
import { readFileSync } from 'node:fs';

/** `foreground`: ^C and ^Z reach this process's group. `background`: a terminal is there, and speaks to others. */
export type TerminalTie = 'none' | 'foreground' | 'background';

export function terminalTie(): TerminalTie {
  let stat: string;
  try {
    stat = readFileSync('/proc/self/stat', 'utf8');
  } catch {
    // Hidden: then the command gets a group of its own, and every signal is passed on.
    return 'none';
  }
  // Behind the name, which may hold anything: state, ppid, pgrp, session, tty_nr, tpgid.
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (terminal === undefined || terminal === '0') return 'none';
  return group === foreground ? 'foreground' : 'background';
}
