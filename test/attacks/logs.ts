// The logs that are attacked, written by the real daemon: both sync modes, several segments and epochs, restarts, a kill,
// events of several systems. Everything waits for what happens, never for time.
import { cpSync, existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { realDisk } from '../../src/disk/disk.js';
import { decodeHead } from '../../src/log/head.js';
import { segmentName } from '../../src/log/segment.js';
import type { Receipt } from '../../src/verify/receipts.js';
import type { Reply } from '../../src/wire/message.js';
import { Conversation, Daemon, temporaryDirectory } from '../daemon.js';
import { randomFrom } from '../log/memory-disk.js';
import { MemoryDisk } from '../verify/memory-disk.js';
import { Victim, paths, retainBytes } from './victim.js';

const origin = 'attacks.example/host';
/** The least a segment may be. */
const segmentBytes = '65536';
const sealMs = '300';
/** The clock brings no seal: there is less that a kill could interrupt. */
const withoutSeals = { INDELIBLE_SEAL_MS: '900000' };

/** All that is attacked with and against. */
export interface Logs {
  /** One fsync an event; restarts and a kill; ends with a clean stop. */
  readonly line: Victim;
  /** Commits of several lines; ends as SIGKILL left it; copied by a thief while it ran. */
  readonly group: Victim;
  /** Another history of `line`: its state directory, copied at a rest, and written on by another daemon. */
  readonly fork: Victim;
  /** Another log of the same name. */
  readonly twin: Victim;
  /** Segments whose headers allow their removal, the oldest removed. */
  readonly retired: Victim;
}

type Random = () => number;

/** Requests sent without waiting, at most: they share commits. */
const requestsTogether = 4;

/** One event, of one system or another; some have an id, a secret, text that has several spellings. */
function entry(n: number, tag: string, random: Random): object {
  const id = `${tag}-${n}`;
  const hex = (digits: number): string => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
  const when = `2026-01-02T03:04:${String(n % 60).padStart(2, '0')}.5Z`;
  const filler = 'é/ü ņ 日本 “naïve café”, a longer story that nobody reads. '.repeat(6 + Math.floor(random() * 10));
  const path = `/srv/${tag}/${n}`;
  switch (n % 5) {
    case 0: return {
      profile: 'x0x.exec', id, event: {
        event: 'request', ts_unix_ms: 1_767_322_980_000 + n, request_id: hex(32), agent_id: hex(64), machine_id: hex(64),
        argv: ['curl', '-H', `Authorization: Bearer ${hex(40)}`, path, filler], matched_acl: null, stdin_bytes: 45, timeout_ms: 30_000,
      },
    };
    case 1: return { profile: 'tryaudex', event: { timestamp: when, session_id: `s-${n}`, provider: 'gcp', event: { type: 'budget_warning', current_spend: 4.5, limit: 10 }, note: filler } };
    // What only the daemon itself may say, said by a client.
    case 2: return { profile: 'generic', id, event: { action: 'segment_removed', segment: '00000000000000000001.jsonl', first: 1, last: 100, bytes: 65_600, sha256: hex(64), observed_ms: 0, detail: filler } };
    case 3: return { profile: 'generic', event: { action: 'deploy', outcome: 'success', actor: `agent-${n}`, resource: path, session_id: 'session', detail: { text: filler, count: 450, zero: 0, ratio: 0.25, list: [1, 'a', null] }, duration_ms: 12 } };
    default: return { profile: 'generic', id, traceparent: `00-${hex(32)}-${hex(16)}-01`, event: { action: 'login', outcome: 'denied', actor: 'root', detail: `password=hunter2-${hex(8)} ${filler}` } };
  }
}

/** A producer that keeps the receipts of what was acknowledged to it. */
class Producer {
  readonly receipts: Receipt[] = [];
  readonly #tag: string;
  readonly #random: Random;
  #sent = 0;

  constructor(tag: string, random: Random) {
    this.#tag = tag;
    this.#random = random;
  }

  /** One request of some events. */
  request(events: number): object {
    const entries = Array.from({ length: events }, () => entry(this.#sent++, this.#tag, this.#random));
    return { op: 'append', id: this.#sent, events: entries };
  }

  keep(reply: Reply): void {
    if (reply.op !== 'ack') throw new Error(`not acknowledged: ${JSON.stringify(reply)}`);
    const { first, count, mac } = reply;
    if (first !== null && mac !== null) this.receipts.push({ seq: first + count - 1, mac });
  }

  /** One request after the other. */
  async appendEach(daemon: Daemon, requests: number): Promise<void> {
    const conversation = new Conversation(daemon.socket);
    for (let n = 0; n < requests; n += 1) this.keep(await conversation.ask(this.request(1)));
    await conversation.close();
  }

  /** Some requests at once, of one to four events each, and so on; `meanwhile` is called while more are on their way. */
  async pipeline(daemon: Daemon, requests: number, meanwhile: (replies: number) => void = () => undefined): Promise<void> {
    const conversation = new Conversation(daemon.socket);
    for (let sent = 0, n = 1; n <= requests; n += 1) {
      if (sent < n) {
        const together = Math.min(1 + Math.floor(this.#random() * requestsTogether), requests - sent);
        conversation.send(...Array.from({ length: together }, () => this.request(1 + Math.floor(this.#random() * 4))));
        sent += together;
      }
      const reply = (await conversation.until(n))[n - 1];
      if (reply !== undefined) this.keep(reply);
      meanwhile(n);
    }
    await conversation.close();
  }
}

/** Waits for the seal that the clock brings over all that was acknowledged; it may have come already. */
async function sealed(daemon: Daemon, producer: Producer): Promise<void> {
  const conversation = new Conversation(daemon.socket);
  await conversation.ask({ op: 'tail', id: 1, from: producer.receipts.at(-1)?.seq ?? 1, profile: 'indelible', kind: 'seal' });
  await conversation.close();
}

/** The state directory as somebody finds it who reads the keys first, then the rest; of sockets and locks nothing. */
function load(state: string): MemoryDisk {
  const current = readFileSync(join(state, 'keys/current'));
  const copy = join(temporaryDirectory(), 'copy');
  cpSync(state, copy, { recursive: true, verbatimSymlinks: true, filter: (from) => !/\/(?:s|indelible\.lock)$|\.tmp$/.test(from) });
  const disk = MemoryDisk.load(copy);
  disk.nodes.set('/keys/current', current);
  rmSync(join(copy, '..'), { recursive: true });
  return disk;
}

/** Whether no line stands behind the head, as one of the log's own does that a kill interrupted. */
function endsAtHead({ disk, last }: Victim): boolean {
  return decodeHead(disk.file(paths.head))?.seq === last.seq;
}

/** What a thief takes at this moment, and what had been acknowledged before. */
function stolen(name: string, state: string, acknowledged: readonly Receipt[]): Victim {
  const before = [...acknowledged];
  return new Victim(`${name} at ${before.length} receipts`, load(state), before);
}

interface Made {
  readonly line: Victim;
  readonly fork: Victim;
}

async function makeLine(random: Random, env: Readonly<Record<string, string>>): Promise<Made> {
  const settings = { ...env, INDELIBLE_SYNC: 'line' };
  const state = temporaryDirectory();
  const forked = join(temporaryDirectory(), 'state');
  const producer = new Producer('line', random);
  try {
    let daemon = await Daemon.start({ state, env: settings });
    await producer.appendEach(daemon, 30);
    await sealed(daemon, producer);
    await producer.appendEach(daemon, 20);
    await daemon.stop();
    cpSync(state, forked, { recursive: true, verbatimSymlinks: true });
    const other = new Producer('fork', random);
    const fork = await Daemon.start({ state: forked, env: settings });
    await other.pipeline(fork, 50);
    await fork.stop();
    const copied = [...producer.receipts, ...other.receipts];
    daemon = await Daemon.start({ state, env: settings });
    await producer.appendEach(daemon, 50);
    await daemon.kill('SIGKILL');
    daemon = await Daemon.start({ state, env: settings });
    await producer.appendEach(daemon, 20);
    const snapshots = [stolen('line', state, producer.receipts)];
    await producer.appendEach(daemon, 30);
    await daemon.stop();
    return {
      line: new Victim('line', load(state), producer.receipts, snapshots),
      fork: new Victim('fork', load(forked), copied),
    };
  } finally {
    for (const directory of [state, join(forked, '..')]) rmSync(directory, { recursive: true, force: true });
  }
}

async function makeGroup(random: Random, env: Readonly<Record<string, string>>, moments: number): Promise<Victim> {
  const settings = { ...env, INDELIBLE_SYNC: 'group' };
  const state = temporaryDirectory();
  const producer = new Producer('group', random);
  const snapshots: Victim[] = [];
  const requests = 40;
  const chosen = new Set(Array.from({ length: moments }, () => 1 + Math.floor(random() * requests)));
  try {
    let daemon = await Daemon.start({ state, env: settings });
    await producer.pipeline(daemon, requests, (replies) => { if (chosen.has(replies)) snapshots.push(stolen('group', state, producer.receipts)); });
    await sealed(daemon, producer);
    await daemon.stop();
    daemon = await Daemon.start({ state, env: settings });
    await producer.pipeline(daemon, requests);
    await sealed(daemon, producer);
    await daemon.stop();
    daemon = await Daemon.start({ state, env: { ...settings, ...withoutSeals } });
    await producer.pipeline(daemon, requests / 2, (replies) => { if (replies % 5 === 0) snapshots.push(stolen('group', state, producer.receipts)); });
    for (;;) {
      await daemon.kill('SIGKILL');
      const group = new Victim('group', load(state), producer.receipts, snapshots);
      if (endsAtHead(group)) return group;
      daemon = await Daemon.start({ state, env: { ...settings, ...withoutSeals } });
      await producer.pipeline(daemon, 1);
    }
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** A log of one daemon's life. */
async function makeSimple(tag: string, random: Random, env: Readonly<Record<string, string>>): Promise<MemoryDisk> {
  const state = temporaryDirectory();
  try {
    const daemon = await Daemon.start({ state, env: { ...env, INDELIBLE_SYNC: 'group' } });
    await new Producer(tag, random).pipeline(daemon, 90);
    await daemon.stop();
    return load(state);
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** Whether the oldest segment may go and has not begun to: the segments behind it hold what its header asks for. */
function mayRemoveMore(state: string): boolean {
  const log = join(state, 'log');
  const [oldest = '', ...behind] = readdirSync(log).filter((name) => /^\d{20}\.jsonl$/.test(name)).sort();
  const header = realDisk.read(join(log, oldest))?.toString('utf8').split('\n', 1)[0];
  // It went meanwhile.
  if (header === undefined) return false;
  const bytes = behind.reduce((sum, name) => sum + statSync(join(log, name)).size, 0);
  return bytes >= retainBytes && !readFileSync(join(log, 'retired.jsonl'), 'utf8').includes(header);
}

/** A log whose daemon has removed its oldest segment, and died when it could have removed the next one. */
async function makeRetired(random: Random, env: Readonly<Record<string, string>>): Promise<Victim> {
  const state = temporaryDirectory();
  const settings = { ...env, INDELIBLE_SYNC: 'group', INDELIBLE_RETAIN_BYTES: String(retainBytes) };
  const producer = new Producer('retired', random);
  try {
    let daemon = await Daemon.start({ state, env: settings });
    await producer.pipeline(daemon, 90);
    // What the daemon has to remove it removes between two requests, when it comes to it.
    while (existsSync(join(state, 'log', segmentName(1)))) await producer.pipeline(daemon, 1);
    await daemon.stop();
    const quiet = { ...settings, ...withoutSeals };
    daemon = await Daemon.start({ state, env: quiet });
    for (;;) {
      await producer.pipeline(daemon, 1);
      if (!mayRemoveMore(state)) continue;
      await daemon.kill('SIGKILL');
      const retired = new Victim('retired', load(state), []);
      // It may have come to it after all.
      if (mayRemoveMore(state) && endsAtHead(retired)) return retired;
      daemon = await Daemon.start({ state, env: quiet });
    }
  } finally {
    rmSync(state, { recursive: true, force: true });
  }
}

/** Makes all of them. `moments`: how often a thief copies the running one. */
export async function makeLogs(seed: number, moments: number): Promise<Logs> {
  const env = { INDELIBLE_ORIGIN: origin, INDELIBLE_SEGMENT_BYTES: segmentBytes, INDELIBLE_SEAL_MS: sealMs };
  const [{ line, fork }, group, twin, retired] = await Promise.all([
    makeLine(randomFrom(seed), env),
    makeGroup(randomFrom(seed + 1), env, moments),
    makeSimple('twin', randomFrom(seed + 2), env),
    makeRetired(randomFrom(seed + 3), env),
  ]);
  return { line, fork, group, twin: new Victim('twin', twin, []), retired };
}
