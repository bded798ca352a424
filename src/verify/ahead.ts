/**
 * Closed segments, walked ahead of whoever verifies, on threads of their own. Invariant: it only ever saves time. What a
 * thread does not deliver, for whatever reason, is walked by the one who asked; and no more is held at once than the
 * threads have in hand.
 */
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Disk } from '../disk/disk.js';
import type { LogPub } from '../log/own.js';
import type { SegmentFile } from '../log/segment.js';
import type { SnapshotKeeper } from './keeper.js';
import type { ReceiptBook } from './receipts.js';
import type { Stretch } from './stretch.js';

/** Closed segments that somebody else walks meanwhile. */
export interface Ahead {
  /** The stretch over a segment, waited for if it is under way; undefined if there is none to be had. */
  take(segment: SegmentFile): Stretch | undefined;
  close(): void;
}

/** Sets somebody to work on segments, in this order; undefined where that is not worth while. */
export type LookAhead = (start: AheadStart, orders: readonly AheadOrder[]) => Ahead | undefined;

/** What whoever walks ahead must know. */
export interface AheadStart {
  readonly logPub: LogPub;
  /** E(0); undefined without the verification key. */
  readonly firstEpoch: Uint8Array | undefined;
  readonly epochsMax: number;
  readonly retiredStarts: ReadonlySet<number>;
  readonly retiredTo: number;
}

/** What every thread is told at its start. */
export interface ThreadStart extends AheadStart {
  readonly port: MessagePort;
  /** Where each thread counts what it does: its own moves with every answer, and now and then in between. */
  readonly signs: Int32Array;
  /** Which of them is this thread's. */
  readonly at: number;
}

/** One segment to walk, and the records in it whose MACs are wanted, ascending. */
export interface AheadOrder {
  readonly segment: SegmentFile;
  readonly bytes: number;
  readonly seqs: Float64Array;
}

/** `undefined`: the segment is not to be gone over in one step; it must be walked line by line. */
export interface AheadAnswer {
  readonly name: string;
  readonly stretch: Stretch | undefined;
}

/** Larger segments are walked where they are asked for: what is known of a segment is held at once. */
const segmentBytesMax = 1024 * 1024 * 1024;

/** Orders for the closed segments behind the first, but for those of which a snapshot is wanted. */
export function ordersFor(
  disk: Disk, segments: readonly SegmentFile[], receipts: Pick<ReceiptBook, 'between'>, keeper: SnapshotKeeper,
): readonly AheadOrder[] {
  return segments.slice(1, -1).flatMap((segment, index) => {
    const last = (segments[index + 2]?.first ?? 0) - 1;
    const entry = disk.entry(segment.path);
    if (entry?.kind !== 'file' || entry.bytes > segmentBytesMax || keeper.wants(segment.first, last)) return [];
    return [{ segment, bytes: entry.bytes, seqs: receipts.between(segment.first, last) }];
  });
}

/** Threads at most: each holds a segment's worth of memory, and one disk feeds them all. */
const threadsMax = 8;
/** A thread takes longer to start than this many bytes take to walk. */
const aheadBytesMin = 8 * 1024 * 1024;

/** Orders that one thread has at once: the one it walks and the next. */
const ordersPerThread = 2;

/** What the threads run, and how long one that gives no sign of life is waited for, ms. */
export interface ThreadOptions {
  readonly script: URL;
  readonly patienceMs: number;
}

const usual: ThreadOptions = { script: new URL('./ahead-thread.js', import.meta.url), patienceMs: 30_000 };

/** Looks ahead on so many threads. They read the real disk. */
export function lookAheadOnThreads(threads: number, options = usual): LookAhead {
  return (start, orders) => {
    const bytes = orders.reduce((sum, order) => sum + order.bytes, 0);
    return bytes < aheadBytesMin ? undefined : new AheadOnThreads(Math.min(threads, threadsMax), start, orders, options);
  };
}

interface Hand {
  /** Where in `signs` it counts. */
  readonly at: number;
  readonly worker: Worker;
  readonly port: MessagePort;
  orders: number;
}

/** Hands out segments in their order and takes them back in the same. */
class AheadOnThreads implements Ahead {
  readonly #signs = new Int32Array(new SharedArrayBuffer(threadsMax * Int32Array.BYTES_PER_ELEMENT));
  readonly #patienceMs: number;
  #hands: Hand[];
  readonly #waiting: AheadOrder[];
  readonly #inHand = new Map<string, Hand>();
  readonly #done = new Map<string, Stretch | undefined>();

  constructor(threads: number, start: AheadStart, orders: readonly AheadOrder[], { script, patienceMs }: ThreadOptions) {
    this.#waiting = [...orders];
    this.#patienceMs = patienceMs;
    this.#hands = Array.from({ length: Math.min(threads, orders.length) }, (_, at) => {
      const { port1, port2 } = new MessageChannel();
      const workerData: ThreadStart = { ...start, port: port2, signs: this.#signs, at };
      const worker = new Worker(script, { workerData, transferList: [port2] });
      worker.unref();
      // Whoever waits learns by its silence; nobody else needs to.
      worker.on('error', () => undefined);
      return { at, worker, port: port1, orders: 0 };
    });
    this.#handOut();
  }

  take(segment: SegmentFile): Stretch | undefined {
    for (let hand = this.#inHand.get(segment.name); hand !== undefined; hand = this.#inHand.get(segment.name)) {
      const before = Atomics.load(this.#signs, hand.at);
      if (this.#collect()) continue;
      // What the others do says nothing of this one.
      if (Atomics.wait(this.#signs, hand.at, before, this.#patienceMs) === 'timed-out') this.#giveUp(hand);
    }
    const stretch = this.#done.get(segment.name);
    this.#done.delete(segment.name);
    this.#handOut();
    return stretch;
  }

  /** Ends the threads, whatever they do. */
  close(): void {
    for (const hand of this.#hands) this.#giveUp(hand);
    this.#waiting.length = 0;
  }

  /** Ends one thread; what it had in hand, nobody walks ahead. */
  #giveUp(hand: Hand): void {
    this.#hands = this.#hands.filter((other) => other !== hand);
    for (const [name, holder] of this.#inHand) if (holder === hand) this.#inHand.delete(name);
    hand.port.close();
    void hand.worker.terminate();
  }

  #handOut(): void {
    const heldMax = this.#hands.length * ordersPerThread;
    const idlest = (): Hand | undefined => [...this.#hands].sort((a, b) => a.orders - b.orders)[0];
    for (let hand = idlest(); hand !== undefined && this.#held < heldMax; hand = idlest()) {
      const order = this.#waiting.shift();
      if (order === undefined) return;
      this.#inHand.set(order.segment.name, hand);
      hand.orders += 1;
      hand.port.postMessage(order);
    }
  }

  /** Segments under way, or done and not yet taken. */
  get #held(): number {
    return this.#inHand.size + this.#done.size;
  }

  /** Takes in what has been answered; whether anything had. */
  #collect(): boolean {
    let any = false;
    for (const hand of this.#hands) {
      for (let message = receiveMessageOnPort(hand.port); message !== undefined; message = receiveMessageOnPort(hand.port)) {
        const { name, stretch } = message.message as AheadAnswer;
        hand.orders -= 1;
        this.#inHand.delete(name);
        this.#done.set(name, stretch);
        any = true;
      }
    }
    if (any) this.#handOut();
    return any;
  }
}
