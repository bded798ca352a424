/**
 * A process that sends as fast as it can: reads its order, one JSON object, from stdin, and prints what it was answered,
 * one JSON line. It knows nothing of the protocol but what the module that it is given decodes.
 */
import { connect } from 'node:net';
import type { Socket } from 'node:net';

/** What to do. */
export interface FloodOrder {
  /** Where the built `wire` room is. */
  readonly wire: string;
  readonly socket: string;
  readonly connections: number;
  /** Whole frames, hex, sent over and over on every connection; how many they are. */
  readonly block: string;
  readonly frames: number;
  /** How long, ms, and how many frames are enough before that; what is sent by then is waited for. */
  readonly ms: number;
  readonly enough: number;
  /** Whether it reads its replies; else it waits until it is let go. */
  readonly reads: boolean;
  /** A new connection for every block, left without a word: nothing is waited for. */
  readonly reconnects: boolean;
}

/** What came of it. */
export interface Flooded {
  /** Frames handed to the kernel, or to be. */
  readonly sent: number;
  /** Replies by kind: `ack`, else the error's code. */
  readonly replies: Readonly<Record<string, number>>;
  /** Events acknowledged. */
  readonly acked: number;
  /** Connections that were closed from the other side. */
  readonly closed: number;
  readonly connections: number;
}

let text = '';
for await (const piece of process.stdin.setEncoding('utf8')) text += String(piece);
const order = JSON.parse(text) as FloodOrder;
const { FrameReader } = await import(`${order.wire}frame.js`) as typeof import('../../src/wire/frame.js');
const { decodeReply } = await import(`${order.wire}reply.js`) as typeof import('../../src/wire/reply.js');
const block = Buffer.from(order.block, 'hex');
const counts = { sent: 0, acked: 0, closed: 0, connections: 0 };
const replies: Record<string, number> = {};
let isOver = false;
setTimeout(() => { isOver = true; }, order.ms);

function listen(socket: Socket, onReply: () => void): void {
  const reader = new FrameReader(64 * 1024 * 1024);
  socket.on('data', (chunk: Buffer) => {
    reader.push(chunk);
    for (let outcome = reader.next(); outcome.kind === 'payload'; outcome = reader.next()) {
      const reply = decodeReply(outcome.payload);
      const kind = reply.op === 'error' ? reply.code : reply.op;
      replies[kind] = (replies[kind] ?? 0) + 1;
      if (reply.op === 'ack') counts.acked += reply.count;
      onReply();
    }
  });
}

/** One connection, until it has its answers or is closed. */
function flood(): Promise<void> {
  const socket = connect(order.socket);
  counts.connections += 1;
  let unanswered = 0;
  return new Promise((resolve) => {
    const endIfDone = (): void => { if (isOver && unanswered <= 0 && order.reads) socket.destroy(); };
    const push = (): void => {
      while (!isOver && !socket.destroyed) {
        counts.sent += order.frames;
        unanswered += order.frames;
        isOver ||= counts.sent >= order.enough;
        if (!socket.write(block)) return;
      }
      endIfDone();
    };
    if (order.reads) listen(socket, () => {
      unanswered -= 1;
      endIfDone();
    });
    else socket.pause();
    socket.on('drain', push);
    socket.on('connect', push);
    socket.on('error', () => undefined);
    socket.on('end', () => { counts.closed += 1; });
    socket.on('close', () => { resolve(); });
  });
}

/** Connections one after the other, each left as soon as its block is with the kernel. */
async function storm(): Promise<void> {
  while (!isOver) {
    const socket = connect(order.socket);
    counts.connections += 1;
    counts.sent += order.frames;
    await new Promise<void>((resolve) => {
      socket.on('error', () => undefined);
      socket.on('close', () => { resolve(); });
      socket.write(block, () => { socket.destroy(); });
    });
  }
}

await Promise.all(Array.from({ length: order.connections }, order.reconnects ? storm : flood));
process.stdout.write(`${JSON.stringify({ ...counts, replies })}\n`);
process.exit(0);
