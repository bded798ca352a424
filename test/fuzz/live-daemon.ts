// The real daemon under talks, and its log afterwards: it stays up and lean, and what it acknowledged is what it recorded.
import { readFileSync, readdirSync } from 'node:fs';
import { Conversation, Daemon, linesIn, verified } from '../daemon.js';
import { Ledger } from './ledger.js';
import type { Outcome } from './outcome.js';
import { Random } from './random.js';
import { talk } from './talk.js';

export interface DaemonRun {
  readonly cases: number;
  readonly redact: 'on' | 'off';
  readonly onProgress?: (done: number) => void;
}

const limits = { events: 4, eventBytes: 20_000 };
const frameBytes = 256 * 1024;
const talksAtOnce = 6;
const casesOfATalk = 12;
/** Of resident memory that may be there more at the end than after a third of the cases, bytes. */
const rssGrowthMax = 96 * 1024 * 1024;

/** Runs the cases against one daemon and compares its log with what it said. */
export async function fuzzDaemon({ cases, redact, onProgress }: DaemonRun, outcome: Outcome): Promise<void> {
  const target = redact === 'on' ? 'daemon, masking' : 'daemon';
  const daemon = await Daemon.start({
    env: {
      INDELIBLE_SYNC: 'group', INDELIBLE_REDACT: redact, INDELIBLE_MAX_EVENTS: String(limits.events), INDELIBLE_MAX_EVENT_BYTES: String(limits.eventBytes),
      INDELIBLE_MAX_FRAME_BYTES: String(frameBytes), INDELIBLE_RECENT: '500', INDELIBLE_SEGMENT_BYTES: String(4 * 1024 * 1024),
      INDELIBLE_SEAL_MS: '5000',
    },
  });
  const say = (number: number, what: string, input = ''): void => { outcome.mismatch(`${target} ${what.split(':')[0] ?? ''}`, { target, number, what, input }); };
  try {
    const ledger = new Ledger();
    const filesBefore = openFiles(daemon);
    let next = 0;
    let spare = 0;
    let rssWarm = 0;
    const talker = async (): Promise<void> => {
      while (next < cases) {
        const first = next;
        next += casesOfATalk;
        if (rssWarm === 0 && first > cases / 3) rssWarm = residentBytes(daemon);
        onProgress?.(first);
        const parts = { socket: daemon.socket, limits, frameBytes, ledger, outcome, target };
        const fates = await talk(parts, new Random(outcome.seed, target, first), first, Math.min(casesOfATalk, cases - first));
        // The fence is one more.
        spare += fates + 1;
      }
    };
    await Promise.all(Array.from({ length: talksAtOnce }, talker));
    if (!await isAlone(daemon)) say(cases, 'connections leaked: status counts others than its own');
    const rss = residentBytes(daemon);
    outcome.count(`${target}: cases`, cases);
    outcome.count(`${target}: events acknowledged`, ledger.size);
    outcome.count(`${target}: MiB resident after a third`, Math.round(rssWarm / 2 ** 20));
    outcome.count(`${target}: MiB resident at the end`, Math.round(rss / 2 ** 20));
    if (rss > rssWarm + rssGrowthMax) say(cases, `memory grew: from ${rssWarm} to ${rss} bytes`);
    const files = openFiles(daemon);
    if (files > filesBefore + 4) say(cases, `descriptors leaked: ${filesBefore} before, ${files} after`);
    const ended = await daemon.stop();
    if (ended.code !== 0 || /\n\s+at |"stack"/.test(ended.stderr)) say(cases, `it did not end well: ${ended.code ?? ended.signal ?? ''}`, ended.stderr.slice(-2000));
    ledger.compare(linesIn(daemon.state), spare, (number, what, line) => { say(number, what, line); });
    const report = verified(daemon.state);
    if (report.exit !== 0) say(cases, `verify does not call it intact: ${JSON.stringify(report.findings[0])}`);
    outcome.count(`${target}: records verified`, report.counts.records);
  } finally {
    await daemon.clear();
  }
}

/** Whether the daemon gets rid of every connection but the one that asks. */
async function isAlone(daemon: Daemon): Promise<boolean> {
  const conversation = new Conversation(daemon.socket);
  try {
    for (let id = 0; id < 1000; id += 1) {
      const status = await conversation.ask({ op: 'status', id });
      if (status.op === 'status' && status['clients'] === 1) return true;
    }
    return false;
  } finally {
    await conversation.close();
  }
}

function residentBytes({ process }: Daemon): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${process.pid ?? 0}/status`, 'utf8'))?.[1] ?? 0) * 1024;
}

function openFiles({ process }: Daemon): number {
  return readdirSync(`/proc/${process.pid ?? 0}/fd`).length;
}
