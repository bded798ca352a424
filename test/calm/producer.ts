/** A producer in this process: it sends ahead of its acknowledgements and keeps every receipt. */
import type { Reply } from '../../src/wire/message.js';
import { Conversation } from '../daemon.js';
import type { Bench } from './bench.js';

/** Requests sent and not answered at once. */
const underWayMax = 32;

/** What became of what was sent. */
export interface Produced {
  readonly acknowledged: number;
  /** Codes of refusals. */
  readonly refused: readonly string[];
}

/**
 * Sends `requests` appends of a few events each, some of very many; fewer if the connection closes or an answer makes `until`
 * true. `onAck` is told how many requests were acknowledged, as they are.
 */
export async function produce(
  bench: Bench, requests: number, onAck: (count: number) => void = () => undefined, until?: (refusal: string) => boolean,
): Promise<Produced> {
  const daemon = bench.daemon;
  if (daemon === undefined) throw new Error('there is no daemon to talk to');
  const conversation = new Conversation(daemon.socket);
  const refused: string[] = [];
  let acknowledged = 0;
  let sent = 0;
  const take = (reply: Reply): void => {
    if (reply.op === 'ack' && reply.first !== null && reply.mac !== null) {
      bench.acknowledged({ seq: reply.first + reply.count - 1, mac: reply.mac });
      acknowledged += 1;
      onAck(acknowledged);
    } else if (reply.op === 'error') {
      refused.push(reply.code);
    }
  };
  try {
    for (let answered = 0; answered < requests && (until === undefined || !refused.some(until)); answered += 1) {
      for (; sent < requests && sent - answered < underWayMax; sent += 1) conversation.send(request(bench, sent));
      const reply = (await conversation.until(answered + 1))[answered];
      if (reply !== undefined) take(reply);
    }
  } catch {
    // The connection is gone, as it is when the daemon is killed: what was not answered was not promised. But what
    // came before the end was.
    for (const reply of conversation.replies.slice(acknowledged + refused.length)) take(reply);
  }
  await conversation.close();
  return { acknowledged, refused };
}

function request(bench: Bench, id: number): object {
  const { random } = bench;
  // A large one is many commits in `line` mode, and all of them are acknowledged together.
  const count = random.pick([1, 1, 1, 1, 1, 1, 2, 2, 5, 5, 20, 400]);
  const events = Array.from({ length: count }, () => ({
    profile: 'generic', event: { action: `a${id}`, detail: 'x'.repeat(random.whole(0, 700)) },
  }));
  return { op: 'append', id, events };
}
