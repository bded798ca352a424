/**
 * What a start records before anything else: genesis or header if they are missing, what a crash left, and that the daemon
 * is here, in this order; then how the last run ended, if it could not record that itself.
 */
import type { Disk } from '../disk/disk.js';
import type { LastWordsFile } from './last-words.js';
import type { ThreadStart } from './mailbox.js';
import { confirmPieces } from './quarantine.js';
import type { OpenedLog } from './recovery.js';
import type { Reserve } from './reserve.js';
import type { Places } from './segment.js';
import { previousOf } from './successor.js';
import type { Writer } from './writer.js';

export interface AnnounceParts {
  readonly disk: Disk;
  readonly places: Places;
  /** Gives its room where the disk is full already. */
  readonly reserve: Reserve;
  readonly lastWords: LastWordsFile;
  /** Told what a person should know. */
  readonly notice: (message: string) => void;
  readonly start: Pick<ThreadStart, 'started' | 'options'>;
}

/** @throws LogError */
export function announce(writer: Writer, found: OpenedLog, parts: AnnounceParts): void {
  const { disk, places, reserve, start } = parts;
  const { version, bootId, listeners } = start.started;
  const { sync, headSync, sealMs, heartbeatMs } = start.options;
  // Where an init ended between the segment and its first line, the genesis is written now.
  reserve.giveTo(() => { writer.begin(writer.state.last.seq === 0 ? previousOf(disk, places) : null); });
  if (!found.clean) {
    reserve.giveTo(() => { writer.record('recovered', { head: found.head, adopted: found.adopted, torn: found.torn }); });
    // Named by a durable record now; a crash before this line is finished by the next start.
    confirmPieces(disk, places.quarantine, found.torn.map((piece) => piece.file));
  }
  const { last } = found.state;
  const after = last.seq === 0 ? { seq: 1, mac: writer.state.genesisMac } : last;
  reserve.giveTo(() => {
    writer.record('started', {
      version, boot_id: bootId, sync, head_sync: headSync, seal_ms: sealMs, heartbeat_ms: heartbeatMs, listeners,
      clean: found.clean, after,
    });
  });
  recordLastWords(writer, parts);
}

function recordLastWords(writer: Writer, { lastWords, reserve, notice }: AnnounceParts): void {
  const words = lastWords.read();
  if (words === 'absent') return;
  if (words === 'lost') {
    notice('the file last-words is not as a daemon of this log wrote it; it is left as it is, and nothing of it is recorded');
    return;
  }
  reserve.giveTo(() => {
    if (words.kind === 'write_failed') writer.record(words.kind, words.event);
    else writer.record(words.kind, words.event);
  });
  // Behind the record: a crash between the two says it twice, never not at all.
  lastWords.forget();
}
