// What /proc says of a process. Invariant: asked anew each time; absence is an answer, because all of it may be hidden.
import { readFileSync } from 'node:fs';

/** Numbers as they stand in proc_pid_stat(5). `isAlive` is false for one that has ended and was not waited for yet. */
export interface ProcessStat {
  readonly isAlive: boolean;
  readonly group: string;
  /** `0` where no terminal controls it. */
  readonly terminal: string;
  /** The group in the foreground of that terminal. */
  readonly foreground: string;
}

/** Looks at a process, by its pid or as `self`. */
export function statOf(pid: string): ProcessStat | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // Behind the name, which may hold anything: state, ppid, pgrp, session, tty_nr, tpgid, ..., num_threads as the 18th.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state = '', , group = '', , terminal = '0', foreground = ''] = fields;
  // A first thread that has ended leaves a zombie, while others of the process go on.
  const isAlive = !['Z', 'X', 'x'].includes(state) || Number(fields[17]) > 1;
  return { isAlive, group, terminal, foreground };
}
