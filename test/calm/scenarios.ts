/** All scenarios, in the order of the table. */
import { clockBetween, clockLive } from './clocks.js';
import { copies, copiesAtRest } from './copies.js';
import { full } from './full.js';
import { live } from './live.js';
import { kills, restarts } from './restarts.js';
import { retention } from './retention.js';
import type { Scenario } from './scenario.js';
import { suspended } from './suspended.js';

export const scenarios: readonly Scenario[] = [
  restarts, kills, clockLive, clockBetween, live, suspended, full, copies, copiesAtRest, retention,
];
