// A daemon in the test's own process: it speaks the wire and keeps records in memory, and does what it is told to.
import { mkdtempSync, rmSync } from 'node:fs';
import { type Server, type Socket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeRequest } from '../../src/wire/decode.js';
import { FrameReader } from '../../src/wire/frame.js';
import type { Ack, Duplicate, EventEntry, Reply, Request } from '../../src/wire/message.js';
import { encodeReply } from '../../src/wire/reply.js';

export type Append = Extract<Request, { op: 'append' }>;
/** What the daemon does with an append instead of recording it: say this, say nothing, or hang up. */
export type Answer = Reply | 'silence' | 'hang up' | 'record and hang up' | undefined;

export interface Recorded {
  readonly seq: number;
  readonly entry: EventEntry;
}

export class Daemon {
  readonly path: string;
  readonly records: Recorded[] = [];
  readonly appends: Append[] = [];
  readonly requests: Request[] = [];
  /** Losses that were recorded, each in front of new events. */
  readonly gaps: number[] = [];
  readonly limits = { events: 64, eventBytes: 10_000, frameBytes: 100_000 };
  answer: (append: Append) => Answer = () => undefined;
  /** What is to become of any request: true when it has been seen to, by what was said or on purpose by nothing. */
  instead: (request: Request, say: (reply: Reply) => void) => boolean = () => false;
  connections = 0;
  readonly #directory = mkdtempSync(join(tmpdir(), 'indelible-'));
  readonly #sockets = new Set<Socket>();
  readonly #byId = new Map<string, Recorded>();
  readonly #tails = new Map<Socket, number>();
  #server: Server | undefined = undefined;

  constructor() {
    this.path = join(this.#directory, 's');
  }

  async start(): Promise<this> {
    const server = createServer((socket) => { this.#serve(socket); });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.path, resolve));
    return this;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = new Promise((resolve) => server.close(resolve));
    this.hangUp();
    await closed;
  }

  async end(): Promise<void> {
    await this.stop();
    rmSync(this.#directory, { recursive: true });
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Records an event as if another client had sent it. */
  record(entry: EventEntry): Recorded {
    const recorded = { seq: this.records.length + 1, entry };
    this.records.push(recorded);
    if (entry.id !== undefined) this.#byId.set(entry.id, recorded);
    for (const [socket, id] of this.#tails) this.#show(socket, id, recorded);
    return recorded;
  }

  #serve(socket: Socket): void {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#tails.delete(socket);
    });
    socket.on('error', () => undefined);
    const frames = new FrameReader(this.limits.frameBytes);
    socket.on('data', (chunk) => {
      frames.push(chunk);
      for (;;) {
        const outcome = frames.next();
        if (outcome.kind !== 'payload') break;
        const decoded = decodeRequest(outcome.payload, this.limits);
        if (decoded.ok) this.#handle(socket, decoded.request);
        else socket.write(encodeReply({ ...decoded.error, op: 'error' }));
      }
    });
  }

  #handle(socket: Socket, request: Request): void {
    this.requests.push(request);
    const id = request.id;
    if (this.instead(request, (reply) => { socket.write(encodeReply(reply)); })) return;
    switch (request.op) {
      case 'hello':
        socket.write(encodeReply({
          op: 'welcome', id, v: 1, server: 'fake/1', origin: 'test/0', sync: 'line', source: { listener: 'default' },
          max_frame_bytes: this.limits.frameBytes, max_events: this.limits.events,
          max_event_bytes: this.limits.eventBytes, log_pub: ['a', 'b'],
        }));
        return;
      case 'append': this.#append(socket, request); return;
      case 'status': socket.write(encodeReply({ op: 'status', id, head: { seq: this.records.length }, state: 'ready' })); return;
      case 'recent': socket.write(encodeReply({ op: 'records', id, records: ['{}'], total: 1 })); return;
      case 'checkpoint': socket.write(encodeReply({ op: 'checkpoint', id, note: 'note' })); return;
      case 'prove': socket.write(encodeReply({ op: 'error', id, code: 'forbidden', message: 'no' })); return;
      case 'tail':
        for (const recorded of this.records) {
          if (recorded.seq >= (request.from ?? Infinity)) this.#show(socket, id, recorded);
        }
        this.#tails.set(socket, id);
        return;
      default: request satisfies never;
    }
  }

  #append(socket: Socket, append: Append): void {
    this.appends.push(append);
    const answer = this.answer(append);
    if (answer === 'hang up') socket.destroy();
    else if (answer === 'silence') return;
    else if (answer === undefined) socket.write(encodeReply(this.acknowledge(append)));
    else if (answer === 'record and hang up') {
      this.acknowledge(append);
      socket.destroy();
    } else socket.write(encodeReply(answer));
  }

  /** Records what is new of it; the answer is for whoever sends it. */
  acknowledge(append: Append): Ack {
    const duplicates: Duplicate[] = [];
    const fresh: number[] = [];
    for (const [index, entry] of append.events.entries()) {
      const known = entry.id === undefined ? undefined : this.#byId.get(entry.id);
      if (known === undefined) fresh.push(this.record(entry).seq);
      else duplicates.push([index, known.seq, macOf(known.seq)]);
    }
    const [first] = fresh;
    if (append.dropped > 0 && first !== undefined) this.gaps.push(append.dropped);
    return {
      op: 'ack', id: append.id, count: fresh.length, first: first ?? null, ts: first === undefined ? null : 'now',
      mac: first === undefined ? null : macOf(first + fresh.length - 1), ...(duplicates.length > 0 ? { duplicates } : {}),
    };
  }

  #show(socket: Socket, id: number, { seq }: Recorded): void {
    socket.write(encodeReply({ op: 'record', id, seq, line: `line ${seq}` }));
  }
}

export function macOf(seq: number): string {
  return seq.toString(16).padStart(64, '0');
}
