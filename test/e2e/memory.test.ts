// What a thief finds in the daemon's memory: the keys of now, and none that could rewrite what was acknowledged before.
import { closeSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { KeyWalker, firstEpoch } from '../../src/keys/schedule.js';
import { realDisk } from '../../src/disk/disk.js';
import { readHead } from '../../src/log/head.js';
import { placesIn } from '../../src/log/segment.js';
import { KeyFile } from '../../src/keys/store.js';
import { parseKeyName } from '../../src/keys/name.js';
import { parseVerificationKey } from '../../src/keys/verification.js';
import { Conversation, Daemon, type Recorded, recordsIn, temporaryDirectory } from '../daemon.js';

const pageBytes = 4096;
/** Of each page pagemap says so many bytes; in the last one, whether there is any. */
const entryBytes = 8;
const isThere = 0xc0;

/** A process's writable memory as it is now, each run of pages that there are. */
function memoryOf(pid: number): readonly Buffer[] {
  const runs: Buffer[] = [];
  const [memory, pagemap] = [openSync(`/proc/${pid}/mem`, 'r'), openSync(`/proc/${pid}/pagemap`, 'r')];
  try {
    for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
      const [, from, to] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
      if (from === undefined || to === undefined) continue;
      const [first, end] = [from, to].map((address) => Number.parseInt(address, 16) / pageBytes) as [number, number];
      const entries = Buffer.alloc((end - first) * entryBytes);
      readSync(pagemap, entries, 0, entries.length, first * entryBytes);
      const isPage = (page: number): boolean => ((entries[(page - first + 1) * entryBytes - 1] ?? 0) & isThere) !== 0;
      for (let page = first; page < end; page += 1) {
        const runFrom = page;
        while (page < end && isPage(page)) page += 1;
        if (page > runFrom) runs.push(bytesAt(memory, runFrom * pageBytes, page * pageBytes));
      }
    }
  } finally {
    closeSync(memory);
    closeSync(pagemap);
  }
  return runs;
}

function bytesAt(memory: number, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from);
  expect(readSync(memory, bytes, 0, bytes.length, from)).toBe(bytes.length);
  return bytes;
}

function foundIn(memory: readonly Buffer[], needles: readonly [string, Buffer][]): string[] {
  return needles.filter(([, needle]) => memory.some((region) => region.includes(needle))).map(([name]) => name).sort();
}

function asSeen(name: string, key: Buffer): [string, Buffer][] {
  return [[`${name} raw`, Buffer.from(key)], [`${name} base64`, Buffer.from(key.toString('base64'))], [`${name} hex`, Buffer.from(key.toString('hex'))]];
}

/** Of many some, the newest among them. */
function isSample(n: number, of: number): boolean {
  return n % 20 === 0 || n > of - 5;
}

interface UsedKeys {
  readonly used: readonly [string, Buffer][];
  /** Stands behind the last record, which is no seal. */
  readonly next: KeyWalker;
}

/** The keys of epochs and steps that records were written with, from `E(0)` on. */
function keysOf(records: readonly Recorded[], epochKey: Buffer): UsedKeys {
  const used = asSeen('E(0)', epochKey);
  const walker = KeyWalker.atStart(epochKey);
  for (const [n, { key }] of records.entries()) {
    const name = parseKeyName(key.replace('+', '')) ?? walker.name;
    if (name.epoch > walker.name.epoch) {
      used.push(...asSeen(`E(${name.epoch})`, walker.nextEpoch));
      walker.evolve(true);
    }
    while (walker.name.step < name.step) walker.evolve(false);
    if (isSample(n, records.length)) used.push(...asSeen(`step ${key}`, walker.step));
  }
  walker.evolve(false);
  return { used, next: walker };
}

/** What the disk holds of the moment, and what it held before: of both the last is the present one. */
class Moments {
  readonly #state: string;
  readonly heads: Buffer[] = [];
  /** Seeds of signing keys, by epoch. */
  readonly seeds: Buffer[] = [];

  constructor(state: string) {
    this.#state = state;
  }

  look(): void {
    const places = placesIn(this.#state);
    const head = readHead(realDisk, places.head);
    const stored = KeyFile.read(realDisk, places.currentKeys);
    if (head.state === 'ok') this.heads.push(head.head.headMac);
    if (stored.state === 'ok') this.seeds[stored.keys.name.epoch] = stored.keys.signer;
  }

  get now(): [string, Buffer][] {
    const [head, seed] = [this.heads.at(-1), this.seeds.at(-1)];
    if (head === undefined || seed === undefined) throw new Error('the state directory has no head or no key');
    return [['head', Buffer.from(head.toString('hex'))], ['seed', Buffer.from(seed.toString('base64'))]];
  }

  get before(): [string, Buffer][] {
    const heads = this.heads.slice(0, -1).filter((_, n) => isSample(n, this.heads.length));
    return [
      ...heads.flatMap((mac, n) => asSeen(`head ${n} of the sample`, mac)),
      ...this.seeds.slice(0, -1).flatMap((seed, epoch) => asSeen(`signing key ${epoch}`, seed)),
    ];
  }
}

test('no key of before, nor a head of before, is in the daemon\'s memory, and never the verification key', async () => {
  const state = temporaryDirectory();
  const keyOut = join(state, '..', `${state.split('/').at(-1) ?? ''}.key`);
  // What lies there before a start is read by it.
  await (await Daemon.start({ state, args: ['--key-out', keyOut] })).stop();
  const moments = new Moments(state);
  moments.look();
  const daemon = await Daemon.start({ state, env: { INDELIBLE_SEAL_MS: '1000' } });
  try {
    const conversation = new Conversation(daemon.socket);
    const ask = async (id: number): Promise<void> => {
      moments.look();
      await conversation.ask({ op: 'append', id, events: [{ profile: 'generic', event: { action: 'a', n: id } }] });
    };
    for (let id = 0; id < 100; id += 1) await ask(id);
    // Some epochs on, and not right behind a seal.
    while (moments.seeds.length < 4) await ask(100);
    for (let id = 0; id < 20; id += 1) await ask(id);
    // It stands still while it is looked at, and not behind a seal.
    while (daemon.process.kill('SIGSTOP') && recordsIn(state).at(-1)?.kind !== 'a') {
      daemon.process.kill('SIGCONT');
      await ask(100);
    }
    const memory = memoryOf(daemon.process.pid ?? 0);
    moments.look();
    const records = recordsIn(state);
    expect(records.at(-1)?.kind).toBe('a');
    const key = parseVerificationKey(readFileSync(keyOut, 'utf8'));
    const [genesis] = records as unknown as readonly { event: { log_pub: readonly string[] } }[];
    const vkey = genesis?.event.log_pub[0];
    if (key === undefined || vkey === undefined) throw new Error('the log has no key or no genesis');
    const { used, next } = keysOf(records, firstEpoch(key.secret, vkey));
    // That the search finds what is there.
    expect(foundIn(memory, [...moments.now, ['step', next.step]])).toEqual(['head', 'seed', 'step']);
    expect(foundIn(memory, [...asSeen('R', key.secret), ...used, ...moments.before])).toEqual([]);
  } finally {
    await daemon.clear();
    rmSync(keyOut, { force: true });
  }
});
