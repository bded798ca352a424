// A machine and a daemon that exist in memory only, healthy until a test breaks something. The log is that of the vectors:
// 43 records, the last a seal, in two segments.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Records, RecentOptions } from '../../src/client/client.js';
import type { Clock } from '../../src/clock/clock.js';
import { Hung } from '../../src/doctor/check.js';
import type { Checked, CheckName, Result } from '../../src/doctor/check.js';
import { examine } from '../../src/doctor/doctor.js';
import type { Host, Space, Stat } from '../../src/doctor/host.js';
import type { Talk } from '../../src/doctor/talk.js';
import type { ClockSync } from '../../src/kernel/native.js';
import type { Status, Welcome } from '../../src/wire/message.js';

const vectors = new URL('../vectors/log-state', import.meta.url).pathname;
export const state = '/var/lib/indelible';
export const socket = '/run/indelible/indelible.sock';
export const newest = join(state, 'log/00000000000000000023.jsonl');
/** The daemon's pid and uid. */
const pid = 77;
const uid = 990;

type Entry = Stat & { readonly text?: Buffer; readonly target?: string };

function errno(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: it is so, ${path}`), { code, path });
}

export class Machine implements Host {
  nodeVersion = '20.11.0';
  kernelRelease = '6.1.0-18-amd64';
  nowMs = Date.parse('2026-01-01T00:00:10.000Z');
  sync: ClockSync | Error = { isSynchronised: true, maxErrorMs: 12 };
  free: Space = { freeBytes: 50 * 1024 ** 3, freeInodes: 1_000_000, inodes: 2_000_000 };
  /** Paths below which nothing may be looked at, and paths that never answer. */
  readonly forbidden = new Set<string>();
  readonly hanging = new Set<string>();
  readonly #entries = new Map<string, Entry>();
  #inodes = 100n;

  constructor() {
    for (const path of ['/', '/var', '/var/lib', '/run', '/proc', '/proc/sys/kernel', `/proc/${pid}`]) this.put(path, { kind: 'directory', uid: 0, mode: 0o755 });
    for (const path of [state, join(state, 'log'), join(state, 'keys'), join(state, 'indelible.lock')]) this.put(path, { kind: 'directory', mode: 0o700 });
    this.change(`/proc/${pid}`, { uid });
    this.change(join(state, 'indelible.lock'), { modifiedMs: this.nowMs - 1000 });
    for (const name of readdirSync(join(vectors, 'log'))) this.write(join(state, 'log', name), readFileSync(join(vectors, 'log', name)));
    this.put(join(state, 'log/audit.jsonl'), { kind: 'link', target: '00000000000000000023.jsonl' });
    this.write(join(state, 'log.pub'), readFileSync(join(vectors, 'log.pub')));
    for (const name of ['current', 'identity', 'salt']) this.write(join(state, 'keys', name), Buffer.from('secret'));
    this.put('/run/indelible', { kind: 'directory', mode: 0o755 });
    this.put(socket, { kind: 'socket', mode: 0o660 });
    this.write('/proc/locks', Buffer.from(`1: POSIX  ADVISORY  WRITE 5 00:1a:9 0 EOF\n2: FLOCK  ADVISORY  WRITE ${pid} fe:00:${this.at(state).inode} 0 EOF\n`));
    this.put('/proc/self/ns/pid', { kind: 'link', target: 'pid:[4026531836]' });
    this.write('/proc/self/mountinfo', Buffer.from('22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n23 22 0:21 / /proc rw - proc proc rw\n'));
    this.write('/proc/sys/kernel/core_pattern', Buffer.from('core\n'));
    this.environ({});
    this.limits('20000', '0');
  }

  environ(more: Readonly<Record<string, string>>): void {
    const all = { INDELIBLE_STATE_DIR: state, RUNTIME_DIRECTORY: dirname(socket), PASSWORD: 'hunter2', ...more };
    this.write(`/proc/${pid}/environ`, Buffer.from(Object.entries(all).map(([name, value]) => `${name}=${value}\0`).join('')));
  }

  limits(files: string, core: string): void {
    const row = (name: string, value: string, unit: string): string => `${name.padEnd(26)}${value.padEnd(21)}${value.padEnd(21)}${unit}\n`;
    this.write(`/proc/${pid}/limits`, Buffer.from(row('Max core file size', core, 'bytes') + row('Max open files', files, 'files')));
  }

  /** The daemon's process ends: its lock and /proc are gone. */
  killDaemon(): void {
    this.write('/proc/locks', Buffer.from(''));
    for (const path of [...this.#entries.keys()]) if (path.startsWith(`/proc/${pid}`)) this.#entries.delete(path);
  }

  at(path: string): Entry {
    const entry = this.#entries.get(path);
    if (entry === undefined) throw new Error(`the machine has no ${path}`);
    return entry;
  }

  put(path: string, entry: Partial<Entry>): void {
    this.#entries.set(path, { kind: 'file', mode: 0o600, uid, gid: uid, links: 1, bytes: 0, device: 0xfe00n, inode: this.#inodes += 1n, modifiedMs: this.nowMs, ...entry });
  }

  write(path: string, text: Buffer): void {
    this.put(path, { text, bytes: text.length });
  }

  change(path: string, entry: Partial<Entry>): void {
    this.#entries.set(path, { ...this.at(path), ...entry });
  }

  remove(path: string): void {
    for (const one of [...this.#entries.keys()]) if (one === path || one.startsWith(`${path}/`)) this.#entries.delete(one);
  }

  rename(from: string, to: string): void {
    this.#entries.set(to, this.at(from));
    this.#entries.delete(from);
  }

  now(): number {
    return this.nowMs;
  }

  stat(path: string): Promise<Stat | undefined> {
    return this.#look(path, (entry) => entry);
  }

  realPath(path: string): Promise<string | undefined> {
    return this.#look(path, () => path);
  }

  list(path: string): Promise<readonly string[] | undefined> {
    if (this.forbidden.has(path)) return Promise.reject(errno('EACCES', path));
    return this.#look(path, () => {
      const inside = [...this.#entries.keys()].filter((one) => one !== path && dirname(one) === path);
      return inside.map((one) => one.slice(path.length + 1)).sort();
    });
  }

  linkTarget(path: string): Promise<string | undefined> {
    return this.#look(path, ({ target }) => {
      if (target === undefined) throw errno('EINVAL', path);
      return target;
    });
  }

  async readText(path: string): Promise<string | undefined> {
    return (await this.readSpan(path, 0, 1e6))?.toString();
  }

  readSpan(path: string, position: number, bytes: number): Promise<Buffer | undefined> {
    if (this.forbidden.has(path)) return Promise.reject(errno('EACCES', path));
    return this.#look(path, ({ text }) => (text ?? Buffer.alloc(0)).subarray(position, position + bytes));
  }

  space(path: string): Promise<Space | undefined> {
    return this.#look(path, () => this.free);
  }

  clockSync(): ClockSync {
    if (this.sync instanceof Error) throw this.sync;
    return this.sync;
  }

  async #look<T>(path: string, give: (entry: Entry) => T): Promise<T | undefined> {
    await Promise.resolve();
    if (this.hanging.has(path)) throw new Hung('hung', `${path} did not answer in 5000 ms`);
    if ([...this.forbidden].some((one) => path.startsWith(`${one}/`))) throw errno('EACCES', path);
    const entry = this.#entries.get(path);
    return entry === undefined ? undefined : give(entry);
  }
}

/** The daemon that answers. Its memory is the newest segment. */
export class Answering implements Talk {
  welcome: Welcome;
  lines: string[];
  /** What it says instead of doing it. */
  appendError: Error | undefined;
  recentError: Error | undefined;
  statusError: Error | undefined;
  more: Partial<Status> = {};
  /** Changes the line of an append before it is kept. */
  distort: (line: string) => string = (line) => line;
  closed = 0;
  appended = 0;

  constructor(machine: Machine) {
    const vkeys = (machine.at(join(state, 'log.pub')).text?.toString() ?? '').trim().split('\n');
    this.welcome = {
      op: 'welcome', id: 0, v: 1, server: 'indelible/1.2.3', origin: 'example.org/audit', sync: 'line', max_frame_bytes: 1, max_events: 1,
      max_event_bytes: 1, source: {}, log_pub: vkeys,
    };
    this.lines = (machine.at(newest).text?.toString() ?? '').split('\n').slice(0, -1);
  }

  status(): Promise<Status> {
    if (this.statusError !== undefined) return Promise.reject(this.statusError);
    const { seq, mac, ts } = this.#last();
    return Promise.resolve({
      origin: this.welcome.origin, head: { seq, mac, ts }, epoch: 4, step: 0, sealed_to: 42, segments: 2, bytes: 26_860, sync: 'line',
      state: 'ready', uptime_ms: 86_400_000, clients: 1, queue: { events: 0, bytes: 0 }, accepted: {}, refused: {}, duplicates: 0,
      redacted: 0, write_failures: 0, last_error: null, recent: { size: 21, capacity: 10_000 }, disk: { free_bytes: 1 },
      fsync_ms: { p50: 0.5, p99: 2 }, ...this.more,
    });
  }

  recent({ limit = 100, before = Infinity, profile, kind }: RecentOptions): Promise<Records> {
    if (this.recentError !== undefined) return Promise.reject(this.recentError);
    const records = this.lines.filter((line) => {
      const record = JSON.parse(line) as { seq: number; profile: string; kind: string };
      return record.seq < before && (profile ?? record.profile) === record.profile && (kind ?? record.kind) === record.kind;
    }).reverse().slice(0, limit);
    return Promise.resolve({ records, total: records.length });
  }

  append(event: { readonly action: string }, { id }: { readonly id: string }): ReturnType<Talk['append']> {
    if (this.appendError !== undefined) return Promise.reject(this.appendError);
    this.appended += 1;
    const seq = this.#last().seq + 1;
    const mac = 'c'.repeat(64);
    const ts = '2026-01-01T00:00:10.000Z';
    this.lines.push(this.distort(lineOf({ seq, ts, profile: 'generic', kind: event.action, id, event }, mac)));
    return Promise.resolve({ first: seq, count: 1, seq, mac, ts, duplicates: [] });
  }

  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }

  #last(): { readonly seq: number; readonly mac: string; readonly ts: string } {
    return JSON.parse(this.lines.at(-1) ?? '') as { seq: number; mac: string; ts: string };
  }
}

interface LineParts {
  readonly seq: number;
  readonly ts: string;
  readonly profile: string;
  readonly kind: string;
  readonly id?: string;
  readonly event: unknown;
}

/** A record's line, as the log spells it. */
export function lineOf({ seq, ts, profile, kind, id, event }: LineParts, mac = 'd'.repeat(64)): string {
  const source = profile === 'indelible' ? '{"listener":"self","pid":77}' : '{"listener":"default","pid":9,"uid":0,"gid":0}';
  const named = id === undefined ? '' : `,"id":"${id}"`;
  return `{"seq":${seq},"ts":"${ts}","key":"4.${seq}","profile":"${profile}","kind":"${kind}"${named},"source":${source},` +
    `"event":${JSON.stringify(event)},"prev":"${'b'.repeat(64)}","mac":"${mac}"}`;
}

/** What is examined: a machine, and who answers on its socket, or the error that connecting ends with. */
export interface Patient {
  readonly machine: Machine;
  readonly daemon: Answering;
  connectError: Error | undefined;
  environment: Readonly<Record<string, string>>;
  canary: boolean;
  stateDirectory: string;
  socket: string;
}

export function patient(): Patient {
  const machine = new Machine();
  const daemon = new Answering(machine);
  return { machine, daemon, connectError: undefined, environment: {}, canary: true, stateDirectory: state, socket };
}

const stillClock: Clock = { wall: () => 0, monotonic: () => 0 };

export async function examined(one: Patient): Promise<readonly Checked[]> {
  const { machine, daemon, connectError, environment, canary, stateDirectory, socket: path } = one;
  const open = (): Promise<Talk> => (connectError === undefined ? Promise.resolve(daemon) : Promise.reject(connectError));
  const wanted = { stateDirectory, socket: path, environment };
  const { checks, exit } = await examine({ host: machine, clock: stillClock, open, wanted, version: '1.2.3', canary });
  if ((exit === 1) !== checks.some(({ result }) => result === 'fail')) throw new Error(`exit ${exit} contradicts the checks`);
  return checks;
}

/** The checks that are not ok, with what they are. */
export function unwell(checks: readonly Checked[]): Readonly<Partial<Record<CheckName, Result>>> {
  return Object.fromEntries(checks.filter(({ result }) => result !== 'ok').map(({ check, result }) => [check, result]));
}
