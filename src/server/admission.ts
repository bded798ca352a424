// From events to bodies: profile, validation, and the text that will stand in the log. All or nothing: one bad event
// refuses its whole request before anything is written.
import type { Catalogue } from '../event/catalogue.js';
import type { JsonMap, JsonObject } from '../event/json.js';
import { jsonText } from '../event/json.js';
import { ownProfile } from '../log/record.js';
import type { Redactor } from '../redact/redactor.js';
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

/** A request's events as bodies of records, in order, and how many values were masked in them. */
export type Admission = { readonly ok: true; readonly bodies: readonly string[]; readonly masked: number } | Refused;

/** What events are admitted by. */
export interface AdmissionRules {
  readonly catalogue: Catalogue;
  /** Undefined: secrets are recorded as they came. */
  readonly redactor: Redactor | undefined;
}

/** Admits the events of one request that came through `listener`. `sourceText` is the JSON of who sent it. */
export function admit(
  rules: AdmissionRules, listener: ListenerConfig, sourceText: string, entries: readonly EventEntry[],
): Admission {
  const bodies: string[] = [];
  let masked = 0;
  for (const [index, entry] of entries.entries()) {
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
    const admitted = profile.admit(entry.event);
    if (!admitted.ok) {
      const { path, message } = admitted.violation;
      return { ok: false, code: 'invalid_event', index, path, message: `${path || 'the event'}: ${message}` };
    }
    const body = bodyOf(entry, admitted.kind, admitted.event, sourceText, rules.redactor);
    bodies.push(body.text);
    masked += body.masked;
  }
  return { ok: true, bodies, masked };
}

/** Secrets are masked in the values, before there is any text that could be broken by it. */
function bodyOf(
  entry: EventEntry, kind: string, event: JsonObject | JsonMap, sourceText: string, redactor: Redactor | undefined,
): { readonly text: string; readonly masked: number } {
  const eventText = jsonText(event);
  const redaction = redactor?.redact(entry.profile, kind, event, eventText);
  if (redactor === undefined || redaction === undefined || redaction.redacted.length === 0) {
    return { text: bodyText(entry, kind, sourceText, eventText), masked: 0 };
  }
  const { event: masked, redacted } = redaction;
  // The kind may be the producer's own words, and then it says again what was masked in the event.
  const { event: named } = redactor.redact(entry.profile, '', { kind });
  const shownKind = named instanceof Map ? undefined : named['kind'];
  const text = bodyText(entry, typeof shownKind === 'string' ? shownKind : kind, sourceText, jsonText(masked));
  return { text: `${text},"redacted":${JSON.stringify(redacted)}`, masked: redacted.length };
}

/** From `"profile"` to the end of `event`: keys in the order of the format. */
function bodyText(entry: EventEntry, kind: string, sourceText: string, eventText: string): string {
  const id = entry.id === undefined ? '' : `"id":${JSON.stringify(entry.id)},`;
  const trace = entry.traceparent === undefined ? '' : `"traceparent":${JSON.stringify(entry.traceparent)},`;
  const names = `"profile":${JSON.stringify(entry.profile)},"kind":${JSON.stringify(kind)},`;
  return `${names}${id}${trace}"source":${sourceText},"event":${eventText}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
