// Bodies of whole requests, gathered to be written and acknowledged together.
import type { AppendOrder, CommittedLines } from './mailbox.js';
import type { Room } from './schedule.js';

/**
 * What is written at most before anybody hears of it, so that an ack is never far away; one request may be more. In `group`
 * mode it is one commit and one fsync, in `line` mode so many of both as it has lines.
 */
const bytesMax = 4 * 1024 * 1024;
const linesMaxOf = { line: 8, group: 512 } as const;

export class Group {
  readonly bodies: Uint8Array[] = [];
  /** How many bodies there are up to the end of each request. */
  readonly requests: number[] = [];
  /** What they will take in the log. */
  bytes = 0;
  readonly #linesMax: number;

  constructor(sync: 'line' | 'group') {
    this.#linesMax = linesMaxOf[sync];
  }

  add(body: Uint8Array, lineBytes: number): void {
    this.bodies.push(body);
    this.bytes += lineBytes;
  }

  /** What was added since the last one is a request. */
  endRequest(): void {
    this.requests.push(this.bodies.length);
  }

  /** Whether a request of so many bodies may come along. Few lines do not wait for very many that came behind them. */
  takes(bodies: number): boolean {
    return this.requests.length === 0 || this.bodies.length + bodies <= this.#linesMax;
  }

  /** Whether it ends here: enough to be acknowledged, or a segment or an epoch ends behind it. */
  isFull(room: Room = { bytes: 0, records: 0 }): boolean {
    return this.bytes >= Math.min(bytesMax, room.bytes) || this.bodies.length >= Math.min(this.#linesMax, room.records);
  }

  /**
   * What became of it when the disk was full before its end, `commits` being what was written: in `line` mode so many of its
   * requests may be whole, with so many of the commits, and the next one in part. Lines of the log's own come before all of them.
   */
  part(commits: readonly Pick<CommittedLines, 'isRequest' | 'ends'>[]): { readonly whole: number; readonly wholeCommits: number } {
    const lines = commits.reduce((sum, { isRequest, ends }) => sum + (isRequest ? ends.length : 0), 0);
    const whole = this.requests.filter((end) => end <= lines).length;
    const inPart = lines - (this.requests[whole - 1] ?? 0);
    return { whole, wholeCommits: whole === 0 ? 0 : commits.length - inPart };
  }
}

/** Where gathered requests go. */
export interface GroupSink {
  /** Called before a group: what must be written first moves the place where it will be. */
  prepare(): void;
  /** What fits before something ends; undefined where nothing is written any more. */
  room(): Room | undefined;
  /** What a body takes as the line so many places behind the last durable one, bytes. */
  lineBytes(bodyBytes: number, ahead: number): number;
  write(group: Group): void;
}

/** Gathers the requests of orders, in their order and each whole, into groups that are written one after the other. */
export function gather(orders: readonly AppendOrder[], sync: 'line' | 'group', sink: GroupSink): void {
  let group = new Group(sync);
  const flush = (): void => {
    const full = group;
    group = new Group(sync);
    if (full.requests.length > 0) sink.write(full);
  };
  for (const { bytes, ends, requests } of orders) {
    let line = 0;
    let from = 0;
    for (const requestEnd of requests) {
      if (!group.takes(requestEnd - line)) flush();
      if (group.requests.length === 0) sink.prepare();
      for (; line < requestEnd; line += 1) {
        const to = ends[line] ?? from;
        group.add(bytes.subarray(from, to), sink.lineBytes(to - from, group.bodies.length + 1));
        from = to;
      }
      group.endRequest();
      if (group.isFull(sink.room())) flush();
    }
  }
  flush();
}
