/**
 * What a daemon goes through on a recorded disk, and when clients were told what. Invariant: what the history says was
 * acknowledged by a position in the disk's log was acknowledged when the log was at most that long.
 */
import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Reply } from '../../src/wire/message.js';
import { Conversation, Daemon } from '../daemon.js';
import type { Rule } from '../fault/board.js';
import { Board } from '../fault/board.js';
import type { Sent } from '../ledger.js';
import { Ledger } from '../ledger.js';
import type { Random } from '../random.js';
import type { RecordedDisk } from './disk.js';

/** Small segments, short epochs and little that is kept: every boundary is met many times. */
const settings = {
  INDELIBLE_SEGMENT_BYTES: '65536', INDELIBLE_RETAIN_BYTES: '262144', INDELIBLE_SEAL_MS: '150', INDELIBLE_HEARTBEAT_MS: '1000',
};

/** How each client goes about it: requests under way, events in one, bytes of detail in each. */
const clients = [
  { underWay: 8, eventsMax: 1, bytesMax: 300 }, { underWay: 4, eventsMax: 12, bytesMax: 2_000 },
  { underWay: 1, eventsMax: 2, bytesMax: 9_000 },
] as const;

interface Told {
  readonly sent: Sent;
  readonly reply: Reply;
  readonly position: number;
}

/** See the file's head. */
export class History {
  /** Stretches of the disk's log in which a line was written and its daemon dead. */
  readonly unsynced: { readonly from: number; readonly to: number }[] = [];
  readonly #all = new Ledger();
  readonly #sent: { readonly sent: Sent; readonly position: number }[] = [];
  readonly #told: Told[] = [];
  readonly #disk: RecordedDisk;

  constructor(disk: RecordedDisk) {
    this.#disk = disk;
  }

  append(count: number, bytes: number): Sent {
    const sent = this.#all.append(count, bytes);
    this.#sent.push({ sent, position: this.#disk.position });
    return sent;
  }

  told(sent: Sent, reply: Reply, position: number): void {
    this.#told.push({ sent, reply, position });
  }

  /** What clients had sent and been told by then; and what is wrong with what they were told. */
  until(position: number): { readonly ledger: Ledger; readonly problems: readonly string[] } {
    const ledger = this.#all.only(this.#sent.filter((one) => one.position <= position).map(({ sent }) => sent));
    const told = this.#told.filter((one) => one.position <= position);
    return { ledger, problems: told.flatMap(({ sent, reply }) => ledger.settle(sent, reply)) };
  }

  get acknowledged(): number {
    return this.#told.filter(({ reply }) => reply.op === 'ack').length;
  }
}

export interface Lives {
  readonly disk: RecordedDisk;
  readonly random: Random;
  /** What the daemon runs with, besides the settings above. */
  readonly env: Readonly<Record<string, string>>;
  /** Where its socket is: not on the disk, which shall hold what has to last. */
  readonly socket: string;
  /** The fault suite's shim, compiled, and the place of its board. */
  readonly shim: string;
  readonly board: string;
  /** What goes wrong all the time, for a test of this suite. */
  readonly rule: Rule | undefined;
  /** Requests of each life, about. */
  readonly requests: number;
}

/**
 * Another program on the same filesystem, which syncs a file of its own all the time: what the daemon has written and not
 * yet synced goes to the disk with it, in part, at moments that the daemon does not choose.
 */
class Neighbour {
  readonly #file: FileHandle;
  #turns = 0;

  private constructor(file: FileHandle) {
    this.#file = file;
  }

  static async open(disk: RecordedDisk): Promise<Neighbour> {
    return new Neighbour(await open(join(disk.directory, 'neighbour'), 'w'));
  }

  /** One sync. The file's length changes, so that it takes a commit of the filesystem. */
  async sync(): Promise<void> {
    this.#turns += 1;
    await this.#file.truncate(10_000 + (this.#turns % 2));
    await this.#file.sync();
  }

  async untilAborted(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) await this.sync();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

/** How a life ends: `unsynced` is a kill between a line's write and its sync. */
const ends = ['SIGKILL', 'unsynced', 'SIGTERM', 'unsynced', 'SIGKILL', 'unsynced'] as const;
/** Syncs of the neighbour, while a line lies there that its dead daemon did not sync. */
const neighbourSyncs = 4;

/** Starts after each other, with clients all the time, on one log. */
export async function live(lives: Lives): Promise<History> {
  const { disk } = lives;
  const history = new History(disk);
  const board = new Board(lives.board);
  const neighbour = await Neighbour.open(disk);
  try {
    for (const end of ends) {
      const over = new AbortController();
      const busy = neighbour.untilAborted(over.signal);
      try {
        await liveOnce(lives, history, board, end);
      } finally {
        over.abort();
        await busy;
      }
      if (end !== 'unsynced') continue;
      const from = disk.position;
      for (let turn = 0; turn < neighbourSyncs; turn += 1) await neighbour.sync();
      history.unsynced.push({ from, to: disk.position });
    }
  } finally {
    await neighbour.close();
    board.close();
  }
  return history;
}

async function liveOnce(lives: Lives, history: History, board: Board, end: (typeof ends)[number]): Promise<void> {
  const { disk, random, env, socket, shim, rule, requests } = lives;
  const state = join(disk.directory, 'd');
  board.clear();
  if (rule !== undefined) board.arm(rule);
  const daemon = await Daemon.start({
    state, socket, env: { ...settings, ...env, LD_PRELOAD: shim, FAULT_BOARD: lives.board, FAULT_ROOT: state },
  });
  if (end === 'unsynced') {
    board.arm(...(rule === undefined ? [] : [rule]), { classes: ['grow'], part: '.jsonl', at: random.whole(1, requests), times: 1, mode: 'killAfter' });
  }
  const life = { daemon, history, disk, random, left: requests, end };
  await Promise.all(clients.map((client) => talk(life, client)));
  const ended = await daemon.ended;
  const isWell = end === 'SIGTERM' ? ended.code === 0 : ended.signal === 'SIGKILL';
  if (!isWell) throw new Error(`${end}: the daemon ended with ${ended.code ?? ended.signal ?? ''}: ${ended.stderr}`);
}

interface Life {
  readonly daemon: Daemon;
  readonly history: History;
  readonly disk: RecordedDisk;
  readonly random: Random;
  readonly end: (typeof ends)[number];
  /** Requests still to be answered; whoever gets the last answer ends the daemon. */
  left: number;
}

/** One client, until the daemon is gone. */
async function talk(life: Life, { underWay, eventsMax, bytesMax }: (typeof clients)[number]): Promise<void> {
  const { daemon, history, disk, random } = life;
  const conversation = new Conversation(daemon.socket);
  const sent: Sent[] = [];
  let answered = 0;
  // Where the disk is when an answer is here, and no later: so close to it that nothing can become durable meanwhile.
  conversation.socket.on('data', () => {
    const { position } = disk;
    for (; answered < conversation.replies.length; answered += 1) {
      const [request, reply] = [sent[answered], conversation.replies[answered]];
      if (request !== undefined && reply !== undefined) history.told(request, reply, position);
      life.left -= 1;
      if (life.left === 0 && life.end !== 'unsynced') daemon.process.kill(life.end);
    }
  });
  try {
    for (;;) {
      while (sent.length - answered < underWay) {
        const request = history.append(random.whole(1, eventsMax), random.whole(0, bytesMax));
        sent.push(request);
        conversation.send(request.request);
      }
      await conversation.until(answered + 1);
    }
  } catch {
    // The daemon is gone, and with it the connection.
    await conversation.close();
  }
}
