// What a thief finds in the daemon's memory: the keys of now, and none that could rewrite what was acknowledged before.
import { closeSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KeyWalker, firstEpoch } from '../../src/keys/schedule.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import { Conversation, Daemon, recordsIn, temporaryDirectory } from '../daemon.js';

const regionBytesMax = 512 * 1024 * 1024;

/** Which of `needles` are anywhere in a process's writable memory. */
function foundIn(pid: number, needles: ReadonlyMap<string, Buffer>): string[] {
  const found = new Set<string>();
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const [start, end] = [Number.parseInt(from, 16), Number.parseInt(to, 16)];
      if (end - start > regionBytesMax) continue;
      const region = Buffer.alloc(end - start);
      try {
        readSync(memory, region, 0, region.length, start);
      } catch {
        // A region that went away or that the kernel keeps to itself holds nothing of ours.
        continue;
      }
      for (const [name, needle] of needles) if (region.includes(needle)) found.add(name);
    }
  } finally {
    closeSync(memory);
  }
  return [...found].sort();
}

function asSeen(name: string, key: Buffer): [string, Buffer][] {
  return [[`${name} raw`, Buffer.from(key)], [`${name} base64`, Buffer.from(key.toString('base64'))], [`${name} hex`, Buffer.from(key.toString('hex'))]];
}

test('neither the verification key nor any step key that was used is in the daemon\'s memory', async () => {
  const state = temporaryDirectory();
  const keyOut = join(state, '..', `${state.split('/').at(-1) ?? ''}.key`);
  const daemon = await Daemon.start({ state, args: ['--key-out', keyOut] });
  try {
    const conversation = new Conversation(daemon.socket);
    const events = 200;
    conversation.send(...Array.from({ length: events }, (_, id) => ({ op: 'append', id, events: [{ profile: 'generic', event: { action: 'a', n: id } }] })));
    await conversation.until(events);
    const key = parseVerificationKey(readFileSync(keyOut, 'utf8'));
    const [genesis] = recordsIn(state) as unknown as readonly { event: { log_pub: readonly string[] } }[];
    const vkey = genesis?.event.log_pub[0];
    if (key === undefined || vkey === undefined) throw new Error('the log has no key or no genesis');
    const epoch = firstEpoch(key.secret, vkey);
    const walker = KeyWalker.atStart(epoch);
    const used: [string, Buffer][] = [...asSeen('R', key.secret), ...asSeen('E(0)', epoch)];
    for (let step = 0; step < events; step += 1) {
      if (step % 10 === 0 || step > events - 5) used.push(...asSeen(`step ${step}`, walker.step));
      walker.evolve(false);
    }
    // That the search finds what is there: the key that is used next.
    const standing = Number(/\.(\d+)$/.exec(recordsIn(state).at(-1)?.key ?? '')?.[1]) + 1;
    while (walker.name.step < standing) walker.evolve(false);
    expect(foundIn(daemon.process.pid ?? 0, new Map([['now', walker.step]]))).toEqual(['now']);
    expect(foundIn(daemon.process.pid ?? 0, new Map(used))).toEqual([]);
  } finally {
    await daemon.clear();
    rmSync(keyOut, { force: true });
  }
});
