// What each error may come to. Written from the promise and not from the code: a failed fsync is final, space that is missing
// is waited for, and what nobody's ack depends on costs nobody anything.
import type { CallClass } from './board.js';

export const errnos = { EIO: 5, ENOSPC: 28, EDQUOT: 122, EROFS: 30, EMFILE: 24, EINTR: 4, EAGAIN: 11 } as const;

/** Why a call failed: for a moment, for want of space, for want of descriptors, or for good. */
export type Cause = 'passing' | 'space' | 'descriptors' | 'good';

/**
 * `unharmed`: everything is acknowledged, as if nothing had been.
 * `goes on`: the daemon lives; what it cannot record now is answered `disk_full`, and recorded when it is sent again.
 * `finished`: exit 5 with its reason; what was not acknowledged is answered `write_failed`, and the next start decides.
 */
export type Outcome = 'unharmed' | 'goes on' | 'finished';

interface Row {
  readonly calls: readonly CallClass[];
  readonly on: readonly string[];
  readonly passing: Outcome;
  readonly space: Outcome;
  readonly descriptors: Outcome;
  readonly good: Outcome;
  /** Of an error that does not come again, whatever its cause. */
  readonly once?: Outcome;
}

function row(
  calls: string, on: string, passing: Outcome, space: Outcome, descriptors: Outcome, good: Outcome, once?: Outcome,
): Row {
  return { calls: calls.split(' ') as CallClass[], on: on.split(' '), passing, space, descriptors, good, ...(once === undefined ? {} : { once }) };
}

/** A daemon that runs. `grow` is a write that makes its file longer, `write` one in place; `log` and `state` are directories. */
const running: readonly Row[] = [
  //   calls                     on                       passing     space       descriptors  for good
  // The lines themselves. What a full disk took of them is taken back; if that cannot be done, the file is finished.
  row('grow',                   'segment',               'unharmed', 'goes on',  'finished',  'finished'),
  row('truncate',               'segment',               'unharmed', 'finished', 'finished',  'finished'),
  row('sync',                   'segment',               'unharmed', 'finished', 'finished',  'finished'),
  // Behind a line that is durable already: it cannot be taken back, and an ack needs them. A slot is written a second time.
  row('write',                  'log/head keys/current', 'unharmed', 'finished', 'finished',  'finished', 'unharmed'),
  row('sync',                   'log/head keys/current', 'unharmed', 'finished', 'finished',  'finished'),
  // A new segment. Until its first line is written it can wait; an fsync that failed cannot be asked again.
  row('open',                   'segment log',           'unharmed', 'goes on',  'goes on',   'finished'),
  row('sync',                   'log',                   'unharmed', 'finished', 'finished',  'finished'),
  // The checkpoint may be one seal behind.
  row('unlink open grow rename', 'checkpoint state',     'unharmed', 'goes on',  'goes on',   'finished'),
  row('sync',                   'checkpoint state',      'unharmed', 'finished', 'finished',  'finished'),
  // The reserve is made when it can be.
  row('unlink open grow sync',  'reserve',               'unharmed', 'unharmed', 'unharmed',  'unharmed'),
  // Written once, and read again where somebody touched them.
  row('open look',              'keys/identity keys/salt log.pub', 'unharmed', 'unharmed', 'unharmed', 'unharmed'),
  // Conveniences.
  row('unlink link rename',     'log/audit.jsonl',       'unharmed', 'unharmed', 'unharmed',  'unharmed'),
  row('list open unlink',       'listeners socket indelible.lock', 'unharmed', 'unharmed', 'unharmed', 'unharmed'),
  // What is looked at only: whether the oldest segment may go.
  row('look',                   'segment',               'unharmed', 'unharmed', 'unharmed',  'unharmed'),
];

/** One that removes segments, besides. A segment that cannot be read or will not go stays, and everything else goes on. */
const removing: readonly Row[] = [
  row('unlink',                 'segment',               'unharmed', 'unharmed', 'unharmed',  'unharmed'),
  row('open look grow write truncate', 'log/retired.jsonl',   'unharmed', 'goes on',  'goes on',   'finished'),
  row('sync',                   'log/retired.jsonl',     'unharmed', 'finished', 'finished',  'finished'),
];

/** What shows that an expectation was met. Space that is missed behind an ack harms nobody who asks no more. */
const meets: Readonly<Record<Outcome, readonly Outcome[]>> = {
  unharmed: ['unharmed'], 'goes on': ['unharmed', 'goes on'], finished: ['finished'],
};

/**
 * What an error of a running daemon may come to; nothing for a call that nobody thought of. One that lasts meets
 * other calls of its class behind the first, and may come to what they come to.
 */
export function allowedFor(phase: string, call: CallClass, role: string, cause: Cause, lasts: boolean): readonly Outcome[] {
  const rows = (phase === 'retention' ? [...running, ...removing] : running).filter(({ calls }) => calls.includes(call));
  const here = rows.filter(({ on }) => on.includes(role)).map((one) => (lasts ? undefined : one.once) ?? one[cause]);
  const later = lasts && here.some((outcome) => outcome !== 'finished') ? rows.map((one) => one[cause]) : [];
  return [...new Set([...here, ...later].flatMap((outcome) => meets[outcome]))];
}

/**
 * Exit statuses of a start that meets an error, each with its reason on stderr; a start that works all the same is as good.
 * The next start, without the error, works in any case.
 */
export const startExits: readonly number[] = [5];

/** Exit statuses of a clean stop that meets an error. What was lost of it is mended by the next start. */
export const stopExits: Readonly<Record<Outcome, readonly number[]>> = { unharmed: [0], 'goes on': [0, 5], finished: [5] };
