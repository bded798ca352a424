// Very many raw connections of one process, and what becomes of each.
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { FrameReader } from '../../src/wire/frame.js';
import type { Reply } from '../../src/wire/message.js';
import { decodeReply } from '../../src/wire/reply.js';

/** Connections that are tried at once: those of whom all who are turned away are told why. */
const atOnce = 50;

export class Member {
  readonly socket: Socket;
  readonly replies: Reply[] = [];
  /** Until the kernel has it. */
  readonly connected: Promise<boolean>;
  readonly closed: Promise<void>;
  isClosed = false;
  #wake: () => void = () => undefined;

  constructor(path: string) {
    this.socket = connect(path);
    const reader = new FrameReader(1 << 20);
    this.socket.on('data', (chunk: Buffer) => {
      reader.push(chunk);
      for (let outcome = reader.next(); outcome.kind === 'payload'; outcome = reader.next()) {
        this.replies.push(decodeReply(outcome.payload));
      }
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.connected = new Promise((resolve) => {
      this.socket.once('connect', () => { resolve(true); });
      this.socket.once('close', () => { resolve(false); });
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', () => {
        this.isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** When it has an answer or is closed. */
  async answered(): Promise<void> {
    while (this.replies.length === 0 && !this.isClosed) await new Promise<void>((resolve) => { this.#wake = resolve; });
  }

  /** What it was told first: the kind of reply, an error's code, `closed`, `nothing`. */
  get told(): string {
    const [reply] = this.replies;
    if (reply === undefined) return this.isClosed ? 'closed' : 'nothing';
    return reply.op === 'error' ? reply.code : reply.op;
  }
}

/** What is done with each as it is connected. */
export type Join = (member: Member, index: number) => Promise<void>;

/** Opens so many, a few at a time. Those that the kernel has no room for try again. */
export async function gather(path: string, count: number, join: Join): Promise<Member[]> {
  const members: Member[] = [];
  let next = 0;
  const opener = async (): Promise<void> => {
    while (next < count) {
      const index = next;
      next += 1;
      let member = new Member(path);
      while (!await member.connected) {
        await new Promise((resolve) => { setTimeout(resolve, 5); });
        member = new Member(path);
      }
      members.push(member);
      await join(member, index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, opener));
  return members;
}

/** How many were told what. */
export function tally(members: readonly Member[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { told } of members) counts[told] = (counts[told] ?? 0) + 1;
  return counts;
}

export async function disperse(members: readonly Member[]): Promise<void> {
  for (const { socket } of members) socket.destroy();
  await Promise.all(members.map(({ closed }) => closed));
}
