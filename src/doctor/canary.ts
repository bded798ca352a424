/**
 * One event there and back: appended through the client, acknowledged as durable, and read back as it was sent. It is
 * the only thing that an examination writes.
 */
import { randomUUID } from 'node:crypto';
import { macTail } from '../chain/link.js';
import { ClientError } from '../client/client.js';
import type { Receipt } from '../client/client.js';
import { spanText } from './amount.js';
import type { Verdict } from './check.js';
import { fail, isForbidden, ok, skip } from './check.js';
import { newestFrames } from './sight.js';
import type { Subject } from './subject.js';
import type { Reached, Talk } from './talk.js';
import { answerMs } from './talk.js';

/** The action of the event, by which it is found and told from others. */
const canaryAction = 'doctor.canary';
/** Other canaries that may have been recorded since ours. */
const canariesMax = 100;

interface Sent {
  readonly id: string;
  readonly event: { readonly action: string; readonly outcome: 'success'; readonly resource: string };
  readonly receipt: Receipt;
  /** From append to ack. */
  readonly ackMs: number;
}

export async function checkCanary(subject: Subject, reached: Reached, monotonic: () => number): Promise<Verdict> {
  if (reached.kind !== 'answers') return skip('none was recorded: no daemon could be asked, see daemon');
  const { talk } = reached;
  const nonce = randomUUID();
  const id = `doctor-${nonce}`;
  const event = { action: canaryAction, outcome: 'success', resource: `canary/${nonce}` } as const;
  const from = monotonic();
  let receipt: Receipt;
  try {
    receipt = await talk.append(event, { id, timeoutMs: answerMs });
  } catch (error) {
    return refused(error);
  }
  const sent = { id, event, receipt, ackMs: monotonic() - from };
  return readBack(subject, talk, sent, monotonic);
}

function refused(error: unknown): Verdict {
  if (!(error instanceof ClientError)) throw error;
  const { code, message } = error;
  if (code === 'forbidden') {
    return skip(`none was recorded, this user or this socket may not append generic events: ${message}`, 'name a socket that may with --socket');
  }
  return fail(`an event was not recorded: ${code}: ${message}`, 'nothing else may be either: see daemon and free_space');
}

async function readBack(subject: Subject, talk: Talk, sent: Sent, monotonic: () => number): Promise<Verdict> {
  const recorded = `record ${sent.receipt.seq} was durable after ${spanText(sent.ackMs)}`;
  const from = monotonic();
  const inMemory = await fromMemory(talk, sent);
  if (inMemory !== undefined) {
    return compared(inMemory, sent, `${recorded} and read back from the daemon in ${spanText(monotonic() - from)}`);
  }
  try {
    const frames = await newestFrames(subject.host, subject.places);
    const frame = frames.find(({ seq }) => seq === sent.receipt.seq);
    if (frame !== undefined) {
      const line = Buffer.concat([frame.covered, Buffer.from(macTail(frame.mac))]).toString('utf8');
      return compared(line, sent, `${recorded} and read back from its file in ${spanText(monotonic() - from)}`);
    }
  } catch (error) {
    if (!isForbidden(error)) throw error;
    return skip(`${recorded}; this user may not read it back`, 'run this as root, as the daemon\'s user, or as one of INDELIBLE_READERS');
  }
  return fail(`${recorded}, and is not among the newest records`, 'verify the log from another machine', 'indelible verify --key FILE');
}

/** The record's line; undefined if the daemon does not have it or does not let us read. */
async function fromMemory(talk: Talk, { receipt }: Sent): Promise<string | undefined> {
  try {
    const { records } = await talk.recent({ profile: 'generic', kind: canaryAction, limit: canariesMax });
    return records.find((line) => line.startsWith(`{"seq":${receipt.seq},`));
  } catch (error) {
    if (error instanceof ClientError && error.code === 'forbidden') return undefined;
    throw error;
  }
}

function compared(line: string, { id, event, receipt }: Sent, found: string): Verdict {
  const advice = ['somebody stands between, or the log was changed: verify it from another machine', 'indelible verify --key FILE'] as const;
  const record = JSON.parse(line) as { readonly id?: unknown; readonly event?: unknown; readonly mac?: unknown };
  if (record.mac !== receipt.mac) return fail(`${found}, under another MAC than was acknowledged`, ...advice);
  if (record.id !== id || JSON.stringify(record.event) !== JSON.stringify(event)) return fail(`${found}, not as it was sent`, ...advice);
  return ok(found);
}
