/**
 * One thread that walks segments ahead: an order, an answer. Invariant: every order is answered, and whatever goes wrong
 * here is answered with nothing, because the one who asked will come upon the same and say so.
 */
import { workerData } from 'node:worker_threads';
import { realDisk } from '../disk/disk.js';
import type { AheadAnswer, AheadOrder, ThreadStart } from './ahead.js';
import { factsFrom } from './facts.js';
import { StretchWalker } from './stretch-walker.js';

const { logPub, firstEpoch, epochsMax, retiredStarts, retiredTo, port, signs, at } = workerData as ThreadStart;
const facts = factsFrom(logPub);
const walker = facts === undefined
  ? undefined
  : new StretchWalker({ disk: realDisk, facts, firstEpoch, epochsMax, retiredStarts, retiredTo });

function sign(): void {
  Atomics.add(signs, at, 1);
  Atomics.notify(signs, at);
}

function answer({ segment, seqs }: AheadOrder): AheadAnswer {
  try {
    return { name: segment.name, stretch: walker?.walk(segment, seqs, sign) };
  } catch {
    return { name: segment.name, stretch: undefined };
  }
}

port.on('message', (order: AheadOrder) => {
  const answered = answer(order);
  port.postMessage(answered, answered.stretch === undefined ? [] : [answered.stretch.pace.times.buffer]);
  sign();
});
