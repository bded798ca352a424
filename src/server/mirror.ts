// `INDELIBLE_MIRROR`: every durable record told once more to the process log, in a fixed set of fields that are harmless to
// show. It is a convenience for who reads the journal; the log itself stays the only evidence.
import { linesOf } from '../log/durable.js';
import type { CommittedLines } from '../log/mailbox.js';
import { parseFrame } from '../log/record.js';

/** What is shown of a record: where it stands, what kind it is, how it ended and who sent it. Nothing of its content. */
export interface MirroredRecord {
  readonly seq: number;
  readonly profile: string;
  readonly kind: string;
  readonly outcome?: string;
  readonly listener: string;
  readonly source_pid: number;
  readonly source_uid?: number;
}

interface Body {
  readonly profile: string;
  readonly kind: string;
  readonly source: { readonly listener: string; readonly pid: number; readonly uid?: number };
  readonly event: { readonly outcome?: unknown };
}

const outcomes: readonly unknown[] = ['success', 'failure', 'denied'];

/** The harmless fields of a commit's records. */
export function mirrored(commit: CommittedLines): readonly MirroredRecord[] {
  return [...linesOf(commit)].flatMap(({ seq, line }) => {
    const frame = parseFrame(line);
    if (frame === undefined) return [];
    const { profile, kind, source, event } = JSON.parse(`{${frame.body.toString('utf8')}}`) as Body;
    const outcome = outcomes.includes(event.outcome) ? { outcome: String(event.outcome) } : {};
    const uid = source.uid === undefined ? {} : { source_uid: source.uid };
    return [{ seq, profile, kind, ...outcome, listener: source.listener, source_pid: source.pid, ...uid }];
  });
}
