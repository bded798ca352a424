/**
 * Moving a source's file into the log, through the daemon like every event: each line is taken apart, given an id out of
 * its content, and appended in the order of the file. Invariant: every byte of the file ends up acknowledged, known
 * from before, or among the rejects; and order in the log is order in the file, because one request is under way at a time.
 */
import { randomUUID } from 'node:crypto';
import type { Client, ClientErrorCode, Receipt } from '../client/client.js';
import { ClientError } from '../client/client.js';
import { catalogue } from '../event/catalogue.js';
import type { JsonMap, JsonObject } from '../event/json.js';
import { parseJson } from '../event/parse.js';
import type { DigestTally } from './digest-tally.js';
import { ImportIds, formatImportId, noteDigest } from './import-id.js';
import type { Reject, RejectReason } from './rejects.js';
import { rejectMessages } from './rejects.js';
import { SignatureCheck } from './signature.js';
import type { SignatureVerdict } from './signature.js';
import type { SourceFile, SourceFileLine } from './source-file.js';
import type { Source } from './source.js';
import { splitLine } from './split.js';

/** What an import needs of a connection to the daemon. */
export type ImportClient = Pick<Client, 'append' | 'welcome'>;

export interface ImportOptions {
  readonly source: Source;
  readonly file: SourceFile;
  readonly client: ImportClient;
  /** Ids that the log has already, as far as they are known. */
  readonly recorded: Pick<DigestTally, 'count'>;
  /** Checks the signatures of a source that has them. */
  readonly key?: Buffer | undefined;
  readonly onReject: (reject: Reject) => void;
  readonly onProgress: (bytesDone: number, bytesTotal: number) => void;
}

/** What became of a file, in the words of the report. `recorded + already` events are in the log. */
export interface ImportCounts {
  lines: number;
  recorded: number;
  already: number;
  rejected: number;
  /** Lines that held more than one object, or one behind a torn one. */
  fused: number;
  /** Pieces that end before their end; they are rejected. */
  torn: number;
  blank: number;
  crlf: number;
}

export interface ImportReport {
  readonly source: Source['name'];
  readonly file: string;
  readonly sha256: string;
  readonly counts: Readonly<ImportCounts>;
  /** How many lines of each verdict; undefined if the source has no signatures or no key was given. */
  readonly signatures: Readonly<Record<SignatureVerdict, number>> | undefined;
  /** Numbers of the lines whose signature is not valid, the first ones. */
  readonly suspect: readonly number[];
}

/** Events of one request at most; one request has them all, or the order would hang on the daemon's answers. */
const batchEventsMax = 1024;
/** A number takes nine bytes of MessagePack and may take two of JSON. */
const growthMax = 5;
/** What an event takes besides itself: its id, its profile and their names. */
const entryBytesMax = 128;
/** An append may wait for a slow disk that syncs each of a thousand lines, ms. */
const appendTimeoutMs = 60_000;
/** Line numbers kept of suspect signatures; beyond, they are counted. */
const suspectMax = 100;

/** Refusals that are about one event, and will be the same next time. */
const aboutTheEvent: ReadonlySet<ClientErrorCode> = new Set(['invalid_event', 'event_too_large', 'frame_too_large']);

interface Item {
  readonly line: number;
  readonly offset: number;
  readonly bytes: Buffer;
  readonly event: JsonObject | JsonMap;
  readonly id: string;
}

/** One import; run once. */
export class Import {
  readonly #options: ImportOptions;
  readonly #ids: ImportIds;
  readonly #check: SignatureCheck | undefined;
  readonly #counts: ImportCounts = { lines: 0, recorded: 0, already: 0, rejected: 0, fused: 0, torn: 0, blank: 0, crlf: 0 };
  readonly #signatures: Record<SignatureVerdict, number> = { valid: 0, unsigned: 0, stripped: 0, forked: 0, wrong: 0 };
  readonly #suspect: number[] = [];
  /** The event's kind if the daemon will take it as it is. */
  readonly #kindOf: (event: JsonObject | JsonMap) => string | undefined;
  #batch: Item[] = [];
  #batchBytes = 0;

  constructor(options: ImportOptions) {
    const { source, key } = options;
    this.#options = options;
    this.#ids = new ImportIds(source.profile);
    this.#check = source.signed && key !== undefined ? new SignatureCheck(key) : undefined;
    const profile = catalogue({ unknownKinds: 'reject', now: () => '1970-01-01T00:00:00Z', uuid: randomUUID }).get(source.profile);
    this.#kindOf = (event) => {
      const admitted = profile?.admit(event);
      return admitted?.ok === true ? admitted.kind : undefined;
    };
  }

  /**
   * Resolves when all is settled. Rejects with ClientError when the daemon cannot or will not go on; what was appended
   * until then is in the log, and a second import adds the rest only.
   */
  async run(): Promise<ImportReport> {
    const { source, file, onProgress } = this.#options;
    const sha256 = file.sha256();
    const begun = { source: source.name, profile: source.profile, file: file.name, bytes: file.bytes };
    await this.#note('import.started', begun, '');
    for (const line of file.lines()) {
      await this.#take(line);
      onProgress(line.end, file.bytes);
    }
    await this.#flush();
    if (file.sha256() !== sha256) throw new ClientError('protocol', `${file.name} was changed while it was imported; import it again`);
    const counts = { ...this.#counts };
    // Of a file whose secrets were masked the log keeps no hash: it has all the rest of it, and guesses could be tried.
    const what = { ...begun, sha256: this.#ids.areMasked ? null : sha256 };
    await this.#note('import.finished', { ...what, ...counts }, counts.rejected === 0 ? 'success' : 'failure', [
      'recorded', 'already',
    ]);
    const signatures = this.#check === undefined ? undefined : { ...this.#signatures };
    const suspect = [...this.#suspect];
    if (signatures !== undefined) {
      await this.#note('import.verified', { ...what, signatures, suspect }, suspect.length === 0 ? 'success' : 'failure');
    }
    return { source: source.name, file: file.name, sha256, counts, signatures, suspect };
  }

  async #take(line: SourceFileLine): Promise<void> {
    const counts = this.#counts;
    counts.lines += 1;
    if (line.crlf) counts.crlf += 1;
    if (line.kind === 'overlong') {
      const message = `${rejectMessages.overlong}: ${line.end - line.offset} bytes`;
      this.#reject({ line: line.number, offset: line.offset, reason: 'overlong', message, bytes: line.bytes });
      return;
    }
    const pieces = splitLine(line.bytes, this.#options.source.signed);
    if (pieces.length === 0) counts.blank += 1;
    const objects = pieces.filter(({ kind }) => kind === 'object').length;
    if (objects > 1 || (objects === 1 && pieces[0]?.kind === 'bad')) counts.fused += 1;
    for (const piece of pieces) {
      // The buffer is the reader's; what waits for its request needs bytes of its own.
      const at = { line: line.number, offset: line.offset + piece.offset, bytes: Buffer.from(piece.bytes) };
      if (piece.kind === 'bad') {
        this.#reject({ ...at, reason: piece.reason, message: rejectMessages[piece.reason] });
        continue;
      }
      if (this.#check !== undefined) this.#judge(this.#check.check(piece.bytes, piece.suffix), line.number);
      await this.#append(at);
    }
  }

  #judge(verdict: SignatureVerdict, line: number): void {
    this.#signatures[verdict] += 1;
    if (verdict === 'valid' || verdict === 'unsigned' || this.#suspect.length >= suspectMax) return;
    this.#suspect.push(line);
  }

  async #append(at: Omit<Item, 'event' | 'id'>): Promise<void> {
    const event = parseJson(at.bytes.toString('utf8')) as JsonObject | JsonMap;
    const kind = this.#kindOf(event);
    const digest = this.#ids.next({ bytes: at.bytes, event, kind });
    if (this.#options.recorded.count(digest) > 0) {
      this.#counts.already += 1;
      return;
    }
    const item = { ...at, event, id: formatImportId(digest) };
    const { max_events: eventsMax, max_frame_bytes: frameBytesMax, max_event_bytes: eventBytesMax } =
      this.#options.client.welcome;
    const bytes = at.bytes.length * growthMax + entryBytesMax;
    // One that may be refused goes alone: a refusal makes the client send all others of its request again.
    const alone = bytes > eventBytesMax || kind === undefined;
    const full = this.#batch.length >= Math.min(batchEventsMax, eventsMax) || this.#batchBytes + bytes > frameBytesMax;
    if (alone || full) await this.#flush();
    this.#batch.push(item);
    this.#batchBytes += bytes;
    if (alone) await this.#flush();
  }

  /** Appends what is collected; settles when all of it is. */
  async #flush(): Promise<void> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batchBytes = 0;
    const { client, source: { profile } } = this.#options;
    const outcomes = await Promise.allSettled(batch.map(({ event, id }) => (
      // Its type has plain objects; it takes a map with its own order, too.
      client.append<string>(event as JsonObject, { profile, id, timeoutMs: appendTimeoutMs }))));
    const failures: unknown[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const item = batch[index];
      if (outcome.status === 'fulfilled') this.#count(outcome.value);
      else if (item !== undefined && outcome.reason instanceof ClientError && aboutTheEvent.has(outcome.reason.code)) {
        const { code, message, path = '' } = outcome.reason;
        // What the daemon says of an event begins with its place; what the client finds does not.
        const said = path === '' || message.startsWith(`${path}: `) ? message : `${path}: ${message}`;
        this.#reject({ ...item, reason: code as RejectReason, message: said });
      } else failures.push(outcome.reason);
    }
    if (failures.length > 0) throw failures[0];
  }

  #count({ count }: Receipt): void {
    if (count > 0) this.#counts.recorded += 1;
    else this.#counts.already += 1;
  }

  #reject({ line, offset, reason, message, bytes }: Reject): void {
    this.#counts.rejected += 1;
    if (reason === 'torn') this.#counts.torn += 1;
    this.#options.onReject({ line, offset, reason, message, bytes });
  }

  /** Says something about the import in the log; not again if it was said, `unsaid` fields not considered. */
  async #note(
    action: string, detail: Readonly<Record<string, unknown>>, outcome: 'success' | 'failure' | '', unsaid: readonly string[] = [],
  ): Promise<void> {
    const { client, recorded } = this.#options;
    const same = Object.entries(detail).filter(([name]) => !unsaid.includes(name));
    const digest = noteDigest(action, JSON.stringify(same));
    if (recorded.count(digest) > 0) return;
    const event = { action, ...(outcome === '' ? {} : { outcome }), resource: this.#options.file.name, detail };
    await client.append<string>(event, { profile: 'generic', id: formatImportId(digest), timeoutMs: appendTimeoutMs });
  }
}
