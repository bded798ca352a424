// One connection: frames in, replies out, and the order between them. Acks and append errors leave in the order of their
// requests; other replies may overtake. Whatever a client does, it costs a bounded amount of memory and nobody else's time.
import type { Socket } from 'node:net';
import { decodeRequest } from '../wire/decode.js';
import type { WireFailure } from '../wire/decode.js';
import { RecordFilter } from '../wire/filter.js';
import { FrameReader } from '../wire/frame.js';
import type { ErrorCode, Reply, Request } from '../wire/message.js';
import { encodeReply } from '../wire/reply.js';
import type { Counters } from './counters.js';
import { follow, slowConsumerMs } from './follower.js';
import type { FollowerParts } from './follower.js';
import type { Intake } from './intake.js';
import type { Limits, ListenerConfig } from './settings.js';
import type { Peer } from './source.js';

/** How long a frame may stay half sent, ms. */
const halfFrameMs = 30_000;
/** Undecodable payloads after which a client is not worth another. */
const badFramesMax = 16;
/** Bytes of replies that a client has not taken: beyond, it is not read from until it takes some. */
const unsentBytesMax = 1024 * 1024;
/** Append replies that wait for their turn: beyond, the client is not read from until some have left. */
const waitingRepliesMax = 8192;

/** What a session asks of the daemon around it. */
export interface SessionParts {
  readonly intake: Intake;
  readonly counters: Counters;
  readonly limits: Limits;
  readonly follower: Pick<FollowerParts, 'ring' | 'durable' | 'history'>;
  nextCommit(): Promise<void>;
  /** Answers that need no order: hello, status, recent, checkpoint. */
  answer(request: Request, peer: Peer): Reply;
  mayRead(peer: Peer): boolean;
  /** For the process log: something about this client that an operator may want to know. */
  note(message: string, peer: Peer): void;
}

/** A place in the order of append replies; filled when its reply is known. */
interface Slot {
  reply: Reply | undefined;
}

export class Session {
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #listener: ListenerConfig;
  readonly #parts: SessionParts;
  readonly #frames: FrameReader;
  #slots: Slot[] = [];
  #firstSlot = 0;
  #badFrames = 0;
  #tailing = false;
  /** The client sends nothing more; what it is owed still leaves. */
  #ended = false;
  #closed = false;
  #halfFrame: NodeJS.Timeout | undefined;
  #unread: NodeJS.Timeout | undefined;
  #drainWaiters: ((drained: boolean) => void)[] = [];

  constructor(socket: Socket, peer: Peer, listener: ListenerConfig, parts: SessionParts) {
    this.#socket = socket;
    this.#peer = peer;
    this.#listener = listener;
    this.#parts = parts;
    this.#frames = new FrameReader(parts.limits.frameBytes);
    socket.on('data', (chunk: Buffer) => { this.#receive(chunk); });
    socket.on('drain', () => { this.#drained(); });
    socket.on('end', () => {
      this.#ended = true;
      this.#endIfDone();
    });
    // A peer that went away is its own affair; what it had acknowledged stays, what it had not was never promised.
    socket.on('error', () => { socket.destroy(); });
    socket.on('close', () => { this.#close(); });
  }

  /** Whether append replies are still owed. */
  get owes(): boolean {
    return !this.#closed && this.#firstSlot < this.#slots.length;
  }

  get peer(): Peer {
    return this.#peer;
  }

  /** Reads nothing more, sends what is owed and known, and closes. */
  finish(): void {
    this.#hangUp();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#frames.push(chunk);
    for (let outcome = this.#frames.next(); outcome.kind !== 'incomplete'; outcome = this.#frames.next()) {
      this.#forgetHalfFrame();
      if (outcome.kind === 'payload') this.#take(outcome.payload);
      else if (outcome.kind === 'empty') this.#refuse({ id: null, op: undefined, code: 'bad_frame', message: 'a frame of length 0' });
      else {
        const { frameBytes } = this.#parts.limits;
        this.#fail({ id: null, code: 'frame_too_large', message: `a frame of ${outcome.bytes} bytes; at most ${frameBytes} are read` });
        this.#hangUp();
      }
      if (this.#ended || this.#closed) return;
    }
    this.#watchHalfFrame();
    this.#throttle();
  }

  #take(payload: Buffer): void {
    const { limits, intake, counters } = this.#parts;
    const decoded = decodeRequest(payload, { events: limits.events, eventBytes: limits.eventBytes });
    if (!decoded.ok) {
      this.#refuse(decoded.error);
      return;
    }
    const { request } = decoded;
    if (request.op === 'append') {
      const slot = this.#reserve();
      intake.append(request, this.#peer, this.#listener, this, (reply) => { this.#fill(slot, reply); });
      return;
    }
    if (isReading(request) && !this.#parts.mayRead(this.#peer)) {
      this.#fail({ id: request.id, code: 'forbidden', message: `uid ${this.#peer.source.uid} may not read; see INDELIBLE_READERS` });
    } else if (request.op === 'tail') {
      this.#tail(request);
    } else {
      const reply = this.#parts.answer(request, this.#peer);
      if (reply.op === 'error') counters.refuse(reply.code);
      this.#send(reply);
    }
  }

  #refuse(failure: WireFailure): void {
    const { op, ...error } = failure;
    // An append's error keeps its place among the acks.
    if (op === 'append') this.#fill(this.#reserve(), { op: 'error', ...error });
    else this.#fail(error);
    if (failure.code !== 'bad_frame') return;
    this.#badFrames += 1;
    if (this.#badFrames >= badFramesMax) this.#hangUp();
  }

  #fail(error: { readonly id: number | null; readonly code: ErrorCode; readonly message: string }): void {
    this.#parts.counters.refuse(error.code);
    this.#send({ op: 'error', ...error });
  }

  #reserve(): Slot {
    const slot: Slot = { reply: undefined };
    this.#slots.push(slot);
    return slot;
  }

  #fill(slot: Slot, reply: Reply): void {
    if (reply.op === 'error') this.#parts.counters.refuse(reply.code);
    slot.reply = reply;
    if (this.#slots[this.#firstSlot] === slot) this.#flush();
  }

  /** Sends the replies whose turn has come, in one write. */
  #flush(): void {
    const frames: Buffer[] = [];
    for (let slot = this.#slots[this.#firstSlot]; slot?.reply !== undefined; slot = this.#slots[this.#firstSlot]) {
      frames.push(encodeReply(slot.reply));
      this.#firstSlot += 1;
    }
    if (this.#firstSlot === this.#slots.length) {
      this.#slots = [];
      this.#firstSlot = 0;
    } else if (this.#firstSlot > 1024) {
      this.#slots = this.#slots.slice(this.#firstSlot);
      this.#firstSlot = 0;
    }
    this.#write(frames.length === 1 && frames[0] !== undefined ? frames[0] : Buffer.concat(frames));
    this.#throttle();
    this.#endIfDone();
  }

  #send(reply: Reply): boolean {
    return this.#write(encodeReply(reply));
  }

  #write(bytes: Buffer): boolean {
    if (this.#closed || !this.#socket.writable) return true;
    return this.#socket.write(bytes);
  }

  /** Stops reading from a client that does not take its replies, or whose appends wait; goes on when that is over. */
  #throttle(): void {
    if (this.#closed || this.#ended) return;
    const unsent = this.#socket.writableLength > unsentBytesMax;
    if (unsent || this.#slots.length - this.#firstSlot > waitingRepliesMax) this.#socket.pause();
    else if (this.#socket.isPaused()) this.#socket.resume();
    if (unsent) this.#unread ??= setTimeout(() => { this.#dropSlow(); }, slowConsumerMs);
  }

  #drained(): void {
    clearTimeout(this.#unread);
    this.#unread = undefined;
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const resolve of waiters) resolve(true);
    this.#throttle();
  }

  #dropSlow(): void {
    this.#parts.counters.refuse('slow_consumer');
    this.#parts.note(`took none of its replies for ${slowConsumerMs} ms`, this.#peer);
    // It reads nothing, so it will hardly read this; but if it does, it knows why.
    this.#send({ op: 'error', id: null, code: 'slow_consumer', message: 'replies were not read in time; connect again' });
    this.#socket.destroySoon();
    setTimeout(() => { this.#socket.destroy(); }, 1000).unref();
  }

  #tail(request: Extract<Request, { readonly op: 'tail' }>): void {
    if (this.#tailing) {
      this.#fail({ id: request.id, code: 'bad_request', message: 'this connection has a tail already; open another for another' });
      return;
    }
    this.#tailing = true;
    const { follower } = this.#parts;
    const from = request.from === undefined ? follower.durable() + 1 : Math.max(1, request.from);
    const parts: FollowerParts = {
      ring: follower.ring,
      durable: () => follower.durable(),
      history: (start, until) => follower.history(start, until),
      nextCommit: () => this.#parts.nextCommit(),
      send: (reply) => this.#send(reply),
      drained: () => this.#whenDrained(),
      isClosed: () => this.#closed,
    };
    follow(request.id, from, new RecordFilter(request.filters), parts).catch((error: unknown) => {
      this.#fail({ id: request.id, code: 'internal', message: `the log could not be read: ${String(error)}` });
      this.#parts.note(`its tail failed: ${String(error)}`, this.#peer);
      this.#hangUp();
    });
  }

  #whenDrained(): Promise<boolean> {
    if (this.#closed) return Promise.resolve(false);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#dropSlow();
        resolve(false);
      }, slowConsumerMs);
      this.#drainWaiters.push((drained) => {
        clearTimeout(timer);
        resolve(drained);
      });
    });
  }

  /** From the first byte of a frame that is not whole: more bytes of the same one gain it no time. */
  #watchHalfFrame(): void {
    if (!this.#frames.midFrame) return;
    this.#halfFrame ??= setTimeout(() => {
      this.#fail({ id: null, code: 'bad_frame', message: `half a frame for ${halfFrameMs} ms` });
      this.#hangUp();
    }, halfFrameMs);
  }

  #forgetHalfFrame(): void {
    clearTimeout(this.#halfFrame);
    this.#halfFrame = undefined;
  }

  /** No more of this client; what it is owed still leaves. */
  #hangUp(): void {
    this.#ended = true;
    this.#socket.pause();
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (!this.#ended || this.#closed || this.owes) return;
    this.#socket.end();
    // A peer that neither reads nor closes is not waited for.
    setTimeout(() => { this.#socket.destroy(); }, slowConsumerMs).unref();
  }

  #close(): void {
    this.#closed = true;
    this.#forgetHalfFrame();
    clearTimeout(this.#unread);
    const waiters = this.#drainWaiters;
    this.#drainWaiters = [];
    for (const resolve of waiters) resolve(false);
  }
}

function isReading(request: Request): boolean {
  return request.op === 'recent' || request.op === 'tail' || request.op === 'prove';
}
