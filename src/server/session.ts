// One connection: frames in, replies out, and the order between them. Acks and append errors leave in the order of their
// requests; other replies may overtake. Whatever a client does, it costs a bounded amount of memory and nobody else's time.
import type { Socket } from 'node:net';
import { decodeRequest } from '../wire/decode.js';
import type { WireFailure } from '../wire/decode.js';
import { forgetText } from '../wire/event-text.js';
import { FrameReader } from '../wire/frame.js';
import type { FrameOutcome } from '../wire/frame.js';
import type { ErrorCode, Reply, Request } from '../wire/message.js';
import { HalfFrame, halfFrameMs } from './half-frame.js';
import { Outflow, lastWordsMs, slowConsumerMs } from './outflow.js';
import { ReplyOrder } from './reply-order.js';
import { searchesWaitingMax } from './searching.js';
import type { SessionParts } from './session-parts.js';
import type { ListenerConfig } from './settings.js';
import type { Peer } from './source.js';
import type { TailRequest } from './tailing.js';
import { Tailing } from './tailing.js';
import { type Allowance, requestCost } from './turns.js';

/** Undecodable payloads after which a client is not worth another. */
const badFramesMax = 16;
/** What a question is worth beside an event. */
const questionCost = 32;

export class Session {
  readonly #socket: Socket;
  readonly #peer: Peer;
  readonly #listener: ListenerConfig;
  readonly #parts: SessionParts;
  readonly #frames: FrameReader;
  readonly #replies: ReplyOrder;
  readonly #outflow: Outflow;
  readonly #halfFrame: HalfFrame;
  /** Of answers that take their time: ends when the connection does. */
  #gone: AbortController | undefined;
  readonly #allowance: Allowance;
  /** Questions whose answers take their time. */
  readonly #asked = { prove: 0, recent: 0 };
  #badFrames = 0;
  #tail: Tailing | undefined;
  /** The client sends nothing more; what it is owed still leaves. */
  #ended = false;
  #closed = false;
  #isWorkDue = false;
  #isInputOver = false;

  constructor(socket: Socket, peer: Peer, listener: ListenerConfig, parts: SessionParts) {
    this.#socket = socket;
    this.#peer = peer;
    this.#listener = listener;
    this.#parts = parts;
    this.#frames = new FrameReader(parts.limits.frameBytes, parts.frames);
    this.#replies = new ReplyOrder(parts.creditors, peer.process, (reply) => { this.#answered(reply); });
    this.#allowance = parts.turns.join(peer.process);
    socket.on('data', (chunk: Buffer) => { this.#receive(chunk); });
    this.#outflow = new Outflow(socket, parts.unsent, {
      slow: () => { this.#drop('slow_consumer', `took none of its replies for ${slowConsumerMs} ms`); },
      crowded: () => { this.#drop('slow_consumer', 'read less than others of replies that all clients together do not read'); },
      drained: () => { this.#goOn(); },
    });
    this.#halfFrame = new HalfFrame(parts.halfFrames, {
      late: () => { this.#dropHalf(); },
      crowded: () => { this.#drop('bad_frame', 'left a frame half sent for longer than others, and they are too many'); },
    });
    socket.on('end', () => {
      // What it sent before is still to be taken.
      this.#isInputOver = true;
      this.#work();
    });
    // A peer that went away is its own affair; what it had acknowledged stays, what it had not was never promised.
    socket.on('error', () => { socket.destroy(); });
    socket.on('close', () => { this.#close(); });
  }

  /** Whether replies are still owed. */
  get owes(): boolean {
    return !this.#closed && (this.#replies.waiting > 0 || this.#asked.prove > 0 || this.#asked.recent > 0);
  }

  /** What it came through. */
  get listener(): ListenerConfig {
    return this.#listener;
  }

  /** Reads nothing more, sends what is owed and known, and closes. */
  finish(): void {
    this.#hangUp();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    // After a hang-up bytes are still taken in, and thrown away: unread ones would turn our last words into a reset.
    if (this.#ended) return;
    this.#frames.push(chunk);
    this.#work();
  }

  /**
   * Takes the frames that are here, one turn's worth at a time, so that nobody waits for the whole of what one client
   * sent; and none while it does not read its replies.
   */
  #work(): void {
    while (!this.#ended && !this.#closed) {
      const isSpent = this.#allowance.isSpent;
      if (isSpent || this.#mustWait()) {
        this.#socket.pause();
        if (isSpent) this.#workLater();
        return;
      }
      const outcome = this.#frames.next();
      if (outcome.kind === 'incomplete') {
        if (this.#isInputOver) {
          this.#ended = true;
          // Who is gone shall not have answers made that take their time.
          if (this.#asked.prove > 0 || this.#asked.recent > 0) this.#outflow.probe();
          this.#endIfDone();
          return;
        }
        if (this.#frames.midFrame) this.#halfFrame.watch(this.#frames.heldBytes);
        if (this.#socket.isPaused()) this.#socket.resume();
        return;
      }
      this.#halfFrame.forget();
      this.#allowance.spend(this.#takeOutcome(outcome));
      this.#frames.release();
      forgetText();
    }
  }

  #workLater(): void {
    if (this.#isWorkDue) return;
    this.#isWorkDue = true;
    this.#parts.turns.wait(this.#allowance, () => {
      this.#isWorkDue = false;
      this.#work();
    });
  }

  /** Whether the client has to take something before more of it is taken. */
  #mustWait(): boolean {
    return this.#outflow.isFull || this.#asked.recent >= searchesWaitingMax || this.#replies.isFull;
  }

  /** Returns what it cost of the turn's budget. */
  #takeOutcome(outcome: Exclude<FrameOutcome, { readonly kind: 'incomplete' }>): number {
    switch (outcome.kind) {
      case 'payload': return requestCost(this.#take(outcome.payload), outcome.payload.length);
      case 'empty':
        this.#refuse({ id: null, op: undefined, code: 'bad_frame', message: 'a frame of length 0' });
        return 1;
      case 'too_large': {
        const { frameBytes } = this.#parts.limits;
        this.#fail({ id: null, code: 'frame_too_large', message: `a frame of ${outcome.bytes} bytes; at most ${frameBytes} are read` });
        this.#hangUp();
        return 1;
      }
      default: return outcome satisfies never;
    }
  }

  #take(payload: Buffer): number {
    const { limits, intake } = this.#parts;
    const decoded = decodeRequest(payload, { events: limits.events, eventBytes: limits.eventBytes });
    if (!decoded.ok) {
      this.#refuse(decoded.error);
      return 1;
    }
    const { request } = decoded;
    if (request.op === 'append') {
      intake.append(request, this.#peer, this.#listener, this.#replies.reserve(request.events.length));
      return request.events.length;
    }
    if (isReading(request) && !this.#parts.mayRead(this.#peer)) {
      this.#fail({ id: request.id, code: 'forbidden', message: `uid ${this.#peer.source.uid} may not read; see INDELIBLE_READERS` });
    } else if (request.op === 'tail') {
      this.#startTail(request);
    } else if (request.op === 'prove') {
      const client = { gone: this.#goneSignal, hasRoom: () => !this.#outflow.isFull };
      void this.#later('prove', this.#parts.prove(request.id, request.seq, client));
    } else if (request.op === 'recent') {
      void this.#later('recent', this.#parts.search(request, this.#goneSignal));
    } else {
      this.#give(this.#parts.answer(request, this.#peer));
    }
    return questionCost;
  }

  get #goneSignal(): AbortSignal {
    return (this.#gone ??= new AbortController()).signal;
  }

  #refuse(failure: WireFailure): void {
    const { op, ...error } = failure;
    // An append's error keeps its place among the acks.
    if (op === 'append') this.#replies.reserve(0).answer({ op: 'error', ...error });
    else this.#fail(error);
    if (failure.code !== 'bad_frame') return;
    this.#badFrames += 1;
    if (this.#badFrames >= badFramesMax) this.#hangUp();
  }

  #fail(error: { readonly id: number | null; readonly code: ErrorCode; readonly message: string }): void {
    this.#parts.counters.refuse(error.code);
    this.#outflow.send({ op: 'error', ...error });
  }

  #give(reply: Reply): void {
    if (reply.op === 'error') this.#parts.counters.refuse(reply.code);
    this.#outflow.send(reply);
  }

  /** For an answer that takes its time. */
  async #later(op: 'prove' | 'recent', answer: Promise<Reply>): Promise<void> {
    this.#asked[op] += 1;
    const reply = await answer;
    this.#asked[op] -= 1;
    if (!this.#closed) this.#give(reply);
    this.#goOn();
    this.#endIfDone();
  }

  #answered(reply: Reply): void {
    if (reply.op === 'error') this.#parts.counters.refuse(reply.code);
    for (let due = this.#replies.depart(); due !== undefined; due = this.#replies.depart()) this.#outflow.send(due);
    this.#goOn();
    this.#endIfDone();
  }

  /** Goes on with a client that had to wait, when it need not any more. */
  #goOn(): void {
    const hasWaited = this.#socket.isPaused() || this.#isInputOver;
    if (!this.#closed && !this.#ended && hasWaited && this.#replies.hasRoom && !this.#mustWait()) this.#workLater();
  }

  /** Lets a client go that holds memory by what it does not do. */
  #drop(code: 'slow_consumer' | 'bad_frame', what: string): void {
    this.#ended = true;
    this.#parts.counters.refuse(code);
    this.#parts.note(what, this.#peer);
    // It may read nothing, and then hardly this; but if it does, it knows why.
    this.#outflow.send({ op: 'error', id: null, code, message: `this connection ${what}; connect again` });
    this.#outflow.finish(lastWordsMs);
  }

  #startTail(request: TailRequest): void {
    if (this.#tail !== undefined) {
      this.#fail({ id: request.id, code: 'bad_request', message: 'this connection has a tail already; open another for another' });
      return;
    }
    this.#tail = new Tailing();
    const running = this.#tail.run(request, {
      ...this.#parts.tail,
      send: (seq, line) => this.#outflow.sendRecord(request.id, seq, line), drained: () => this.#outflow.whenDrained(),
    });
    running.catch((error: unknown) => {
      this.#fail({ id: request.id, code: 'internal', message: `the log could not be read: ${String(error)}` });
      this.#parts.note(`its tail failed: ${String(error)}`, this.#peer);
      this.#hangUp();
    });
  }

  #dropHalf(): void {
    // While it is not read from, the rest of the frame may be here and not looked at.
    if (this.#socket.isPaused()) return;
    this.#fail({ id: null, code: 'bad_frame', message: `half a frame for ${halfFrameMs} ms` });
    this.#hangUp();
  }

  /** No more of this client; what it is owed still leaves. */
  #hangUp(): void {
    this.#ended = true;
    this.#socket.resume();
    this.#endIfDone();
  }

  #endIfDone(): void {
    if (!this.#ended || this.#closed || this.owes) return;
    // Once the last words are written it is over, whatever the other side still has to say.
    this.#outflow.finish(slowConsumerMs);
  }

  #close(): void {
    this.#closed = true;
    this.#parts.turns.leave(this.#allowance);
    this.#parts.intake.gone(this.#peer);
    this.#replies.close();
    this.#gone?.abort();
    this.#halfFrame.forget();
    this.#outflow.close();
    this.#tail?.close();
  }
}

function isReading(request: Request): boolean {
  return request.op === 'recent' || request.op === 'tail' || request.op === 'prove';
}
