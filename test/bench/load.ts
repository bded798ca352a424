// The load process: connections that keep so many requests in flight for a time, and count what is acknowledged. Run with
// one JSON argument; prints one JSON line.
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { cpuMicros, residentBytes } from './cpu.js';
import type { Dialect } from './dialect.js';
import { IndelibleDialect, RedisDialect } from './dialect.js';
import { FrameMaker, eventJson } from './event.js';
import { Ledger } from './ledger.js';

/** What to do. `inFlight`: requests of each connection, each of `batch` events. */
export interface LoadOrder {
  readonly peer: 'indelible' | 'redis';
  readonly socket: string;
  /** Whose CPU time is asked for. */
  readonly pid: number;
  readonly connections: number;
  readonly inFlight: number;
  readonly batch: number;
  readonly warmMs: number;
  readonly measureMs: number;
  /** Begins every event's id; empty: events without one. */
  readonly name: string;
}

/** What came of it, between the end of the warming up and the end of the time. */
export interface LoadResult {
  readonly events: number;
  readonly seconds: number;
  /** From the write of a request to the read of its reply, microseconds. */
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of the peer's CPU, and of this process's, for each event. */
  readonly peerCpu: number;
  readonly ownCpu: number;
  /** The peer's, at the end, bytes. */
  readonly resident: number;
  /** Of the whole run; empty when the ledger is whole. */
  readonly wrong: readonly string[];
}

class Connection {
  readonly #dialect: Dialect;
  readonly #socket: Socket;
  readonly #load: Load;
  #sent = 0;
  #answered = 0;
  /** When each request under way was sent, by its number. */
  readonly #sentAt: Float64Array;

  constructor(load: Load, socket: Socket, dialect: Dialect, inFlight: number) {
    this.#load = load;
    this.#socket = socket;
    this.#dialect = dialect;
    this.#sentAt = new Float64Array(inFlight);
    socket.on('data', (chunk: Buffer) => { this.#take(chunk); });
    socket.on('error', (error) => { load.ledger.failed(error.message); });
    socket.on('close', () => { load.left(); });
  }

  get unanswered(): number {
    return this.#sent - this.#answered;
  }

  send(count: number): void {
    const now = performance.now();
    for (let n = 0; n < count; n += 1) this.#sentAt[(this.#sent + n) % this.#sentAt.length] = now;
    this.#socket.write(this.#dialect.requests(this.#sent, count));
    this.#sent += count;
  }

  #take(chunk: Buffer): void {
    const now = performance.now();
    let answered = 0;
    this.#dialect.read(chunk, (id, first, count) => {
      const number = this.#answered + answered;
      answered += 1;
      if (id !== undefined) this.#load.ledger.acknowledged(number, id, first, count);
      this.#load.count(count, now, now - (this.#sentAt[number % this.#sentAt.length] ?? now));
    }, (what) => { this.#load.ledger.failed(what); });
    this.#answered += answered;
    if (this.#load.isOver) {
      if (this.unanswered === 0) this.#socket.end();
    } else if (answered > 0) {
      this.send(answered);
    }
  }
}

interface Mark {
  readonly at: number;
  readonly events: number;
  readonly peerCpu: number;
  readonly ownCpu: number;
}

class Load {
  readonly ledger: Ledger;
  readonly #order: LoadOrder;
  readonly #connections: Connection[] = [];
  #events = 0;
  #started: Mark | undefined;
  #ended: Mark | undefined;
  #latencies: number[] = [];
  #open = 0;
  #whenLeft: (() => void) | undefined;

  constructor(order: LoadOrder) {
    this.#order = order;
    this.ledger = new Ledger(order.batch);
  }

  get isOver(): boolean {
    return this.#ended !== undefined;
  }

  count(events: number, _now: number, latencyMs: number): void {
    this.#events += events;
    if (this.#started !== undefined && this.#ended === undefined) this.#latencies.push(latencyMs);
  }

  left(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#whenLeft?.();
  }

  async run(): Promise<LoadResult> {
    const { connections, inFlight, warmMs, measureMs } = this.#order;
    for (let n = 0; n < connections; n += 1) this.#connections.push(await this.#connect(n));
    const left = new Promise<void>((resolve) => { this.#whenLeft = resolve; });
    for (const connection of this.#connections) connection.send(inFlight);
    await pause(warmMs);
    this.#started = this.#mark();
    await pause(measureMs);
    this.#ended = this.#mark();
    const resident = residentBytes(this.#order.pid);
    await Promise.race([left, pause(20_000)]);
    return { ...this.#between(this.#started, this.#ended), resident };
  }

  #between(from: Mark, to: Mark): Omit<LoadResult, 'resident'> {
    const events = to.events - from.events;
    const latencies = Float64Array.from(this.#latencies).sort();
    const percentile = (share: number): number => (latencies[Math.floor(latencies.length * share)] ?? 0) * 1000;
    const { wrong } = this.ledger.sum(this.#connections.reduce((sum, { unanswered }) => sum + unanswered, 0));
    return {
      events, seconds: (to.at - from.at) / 1000, p50: percentile(0.5), p99: percentile(0.99),
      peerCpu: (to.peerCpu - from.peerCpu) / events, ownCpu: (to.ownCpu - from.ownCpu) / events, wrong,
    };
  }

  #connect(n: number): Promise<Connection> {
    const { peer, socket: path, batch, inFlight, name } = this.#order;
    const socket = connect(path);
    this.#open += 1;
    const dialect = peer === 'redis'
      ? new RedisDialect(eventJson, batch)
      : new IndelibleDialect(new FrameMaker(name === '' ? undefined : `${name}.${n}`, batch));
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new Connection(this, socket, dialect, inFlight));
      });
    });
  }

  #mark(): Mark {
    return { at: performance.now(), events: this.#events, peerCpu: cpuMicros(this.#order.pid), ownCpu: cpuMicros(process.pid) };
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => { setTimeout(resolve, ms).unref(); });
}

const words = process.argv[2];
if (words !== undefined) {
  const result = await new Load(JSON.parse(words) as LoadOrder).run();
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}
