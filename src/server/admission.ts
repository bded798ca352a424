// From events to bodies: profile, validation, and the text that will stand in the log. All or nothing: one bad event
// refuses its whole request before anything is written.
import type { Catalogue } from '../event/catalogue.js';
import { jsonText } from '../event/json.js';
import { OWN_PROFILE } from '../log/record.js';
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

/** A request's events as bodies of records, in order. */
export type Admission = { readonly ok: true; readonly bodies: readonly string[] } | Refused;

/** Admits the events of one request that came through `listener`. `sourceText` is the JSON of who sent it. */
export function admit(
  catalogue: Catalogue, listener: ListenerConfig, sourceText: string, entries: readonly EventEntry[],
): Admission {
  const bodies: string[] = [];
  for (const [index, entry] of entries.entries()) {
    const { profile: name } = entry;
    if (name === OWN_PROFILE) {
      return { ok: false, code: 'forbidden', index, message: `profile ${OWN_PROFILE} is the log's own` };
    }
    const profile = catalogue.get(name);
    if (profile === undefined) {
      const known = [...catalogue.keys()].join(', ');
      return { ok: false, code: 'invalid_event', index, message: `unknown profile ${quoted(name)}; known are ${known}` };
    }
    if (listener.profiles !== undefined && !listener.profiles.includes(name)) {
      return { ok: false, code: 'forbidden', index, message: `profile ${quoted(name)} is not for listener ${listener.name}` };
    }
    const admitted = profile.admit(entry.event);
    if (!admitted.ok) {
      const { path, message } = admitted.violation;
      return { ok: false, code: 'invalid_event', index, path, message: `event ${index}, ${path || 'the event'}: ${message}` };
    }
    bodies.push(bodyText(entry, admitted.kind, sourceText, jsonText(admitted.event)));
  }
  return { ok: true, bodies };
}

/** From `"profile"` to the end of `event`: keys in the order of the format. */
function bodyText(entry: EventEntry, kind: string, sourceText: string, eventText: string): string {
  const id = entry.id === undefined ? '' : `"id":${JSON.stringify(entry.id)},`;
  const trace = entry.traceparent === undefined ? '' : `"traceparent":${JSON.stringify(entry.traceparent)},`;
  return `"profile":${JSON.stringify(entry.profile)},"kind":${JSON.stringify(kind)},${id}${trace}"source":${sourceText},"event":${eventText}`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}
