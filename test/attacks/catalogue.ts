// Every class there is, in the order of the table.
import type { Attack } from './attack.js';
import { commitAttacks } from './commits.js';
import { coverAttacks, coverOnDisk } from './cover.js';
import { lineAttacks } from './line.js';
import { linesAttacks } from './lines.js';
import { retentionAttacks } from './retention.js';
import { segmentAttacks } from './segments.js';
import { specialAttacks } from './special.js';
import { stateAttacks } from './state.js';
import { thiefAttacks } from './thief.js';

const families = ['One line', 'Lines', 'Commits', 'Segments', 'State', 'Thief'] as const;

/** On copies in memory. */
export const memoryAttacks: readonly Attack[] = [
  ...lineAttacks, ...linesAttacks, ...commitAttacks, ...segmentAttacks, ...retentionAttacks, ...stateAttacks, ...coverAttacks,
  ...thiefAttacks,
];

/** All of them. */
export const allAttacks: readonly Attack[] = [...memoryAttacks, ...specialAttacks, ...coverOnDisk]
  .map((attack, index) => ({ attack, index }))
  .sort((a, b) => families.indexOf(a.attack.family) - families.indexOf(b.attack.family) || a.index - b.index)
  .map(({ attack }) => attack);
