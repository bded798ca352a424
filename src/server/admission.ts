// From events to bodies: profile, validation, and the text that will stand in the log. All or nothing: one bad event
// refuses its whole request before anything is written.
import type { Catalogue, Profile } from '../event/catalogue.js';
import { jsonText } from '../event/json.js';
import { bytesOf, jsonTextOf } from '../event/pass.js';
import { Violation } from '../event/violation.js';
import type { Body } from '../log/bodies.js';
import { ownProfile } from '../log/record.js';
import type { Redactor } from '../redact/redactor.js';
import { mayHoldSecrets } from '../redact/redactor.js';
import type { ErrorCode, EventEntry } from '../wire/message.js';
import type { ListenerConfig } from './settings.js';

/** Why a request's events were not taken, about the one at `index`. */
export interface Refused {
  readonly ok: false;
  readonly code: ErrorCode;
  readonly message: string;
  readonly index: number;
  readonly path?: string;
}

/**
 * A request's events as bodies of records, in order, and how many values were masked in them. Bodies are to be copied before the
 * next request is read: their pieces may be views of what it is written over.
 */
export type Admission = { readonly ok: true; readonly bodies: readonly Body[]; readonly masked: number } | Refused;

/** What events are admitted by. */
export interface AdmissionRules {
  readonly catalogue: Catalogue;
  /** Undefined: secrets are recorded as they came. */
  readonly redactor: Redactor | undefined;
}

/** Admits the events of one request that came through `listener`. `source`: see `sourcePiece`. */
export function admit(
  rules: AdmissionRules, listener: ListenerConfig, source: Uint8Array, entries: readonly EventEntry[],
): Admission {
  const bodies = new Array<Body>(entries.length);
  let masked = 0;
  let index = 0;
  for (const entry of entries) {
    const { profile: name } = entry;
    if (name === ownProfile) {
      return { ok: false, code: 'forbidden', index, message: `profile ${ownProfile} is the log's own` };
    }
    const profile = rules.catalogue.get(name);
    if (profile === undefined) {
      const known = [...rules.catalogue.keys()].join(', ');
      return { ok: false, code: 'invalid_event', index, message: `unknown profile ${quoted(name)}; known are ${known}` };
    }
    if (listener.profiles !== undefined && !listener.profiles.includes(name)) {
      return { ok: false, code: 'forbidden', index, message: `profile ${quoted(name)} is not for listener ${listener.name}` };
    }
    const body = bodyAsSent(entry, profile, source, rules.redactor) ?? bodyOf(entry, profile, source, rules.redactor);
    if (body instanceof Violation) {
      const { path, message } = body;
      return { ok: false, code: 'invalid_event', index, path, message: `${path || 'the event'}: ${message}` };
    }
    bodies[index] = body.pieces;
    masked += body.masked;
    index += 1;
  }
  return { ok: true, bodies, masked };
}

interface Admitted {
  readonly pieces: Body;
  readonly masked: number;
}

/** The body of an event that is recorded just as it was sent, as nearly all are: its text is there already. */
function bodyAsSent(
  entry: EventEntry, profile: Profile, source: Uint8Array, redactor: Redactor | undefined,
): Admitted | undefined {
  const { json } = entry;
  const kind = json === undefined ? undefined : profile.pass(json);
  if (json === undefined || kind === undefined || (redactor !== undefined && mayHoldSecrets(json))) return undefined;
  return { pieces: [namesPiece(entry.profile, kind), ownPiece(entry), source, bytesOf(json)], masked: 0 };
}

/** Secrets are masked in the values, before there is any text that could be broken by it. */
function bodyOf(entry: EventEntry, profile: Profile, source: Uint8Array, redactor: Redactor | undefined): Admitted | Violation {
  const admitted = profile.admit(entry.event);
  if (!admitted.ok) return admitted.violation;
  const { kind, event } = admitted;
  const text = jsonText(event);
  const isSuspicious = redactor !== undefined && mayHoldSecrets(jsonTextOf(text));
  const redaction = isSuspicious ? redactor.redact(entry.profile, kind, event) : undefined;
  if (!isSuspicious || redaction === undefined || redaction.redacted.length === 0) {
    return { pieces: [namesPiece(entry.profile, kind), ownPiece(entry), source, text], masked: 0 };
  }
  const { event: masked, redacted } = redaction;
  // The kind may be the producer's own words, and then it says again what was masked in the event.
  const { event: named } = redactor.redact(entry.profile, '', { kind });
  const shownKind = named instanceof Map ? undefined : named['kind'];
  const names = namesPiece(entry.profile, typeof shownKind === 'string' ? shownKind : kind);
  return { pieces: [names, ownPiece(entry), source, jsonText(masked), `,"redacted":${JSON.stringify(redacted)}`], masked: redacted.length };
}

// A body's pieces, from `"profile"` to the end of `event`, in the order of the format. The first and the third are mostly
// those of the event before.

/** By profile and kind, those that were met before; a producer may have names of its own for its kinds, any number of them. */
const knownNames = new Map<string, Map<string, Uint8Array>>();
const knownKindsMax = 256;
const knownKindChars = 128;

function namesPiece(profile: string, kind: string): Uint8Array {
  let kinds = knownNames.get(profile);
  const known = kinds?.get(kind);
  if (known !== undefined) return known;
  const piece = Buffer.from(`"profile":${JSON.stringify(profile)},"kind":${JSON.stringify(kind)},`);
  if (kinds === undefined) {
    kinds = new Map();
    knownNames.set(profile, kinds);
  }
  if (kinds.size < knownKindsMax && kind.length <= knownKindChars) kinds.set(kind, piece);
  return piece;
}

/** What is the event's alone. */
function ownPiece({ id, traceparent }: EventEntry): string {
  const trace = traceparent === undefined ? '' : `"traceparent":${JSON.stringify(traceparent)},`;
  return id === undefined ? trace : `"id":${JSON.stringify(id)},${trace}`;
}

/** The piece that says who sent it, from the JSON of that to where the event begins. */
export function sourcePiece(sourceText: string): Buffer {
  return Buffer.from(`"source":${sourceText},"event":`);
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
