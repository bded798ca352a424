// The text that must stand in the log for an event, from its profile to its end, by FORMAT.md.
import { type Meaning, recordText, spelled } from './meaning.js';
import type { MeantEntry } from './grammar.js';

/** From `"profile"` to the end of `event`. */
export function expectedBody(entry: MeantEntry, kind: string, event: ReadonlyMap<string, Meaning>, sourceText: string): string {
  return `${expectedNames(entry, kind)}"source":${sourceText},"event":${recordText(event)}`;
}

/** From `"profile"` to what stands in front of `source`. */
export function expectedNames({ profile, id, traceparent }: MeantEntry, kind: string): string {
  const optional = [...(id === undefined ? [] : [`"id":${spelled(id)},`]), ...(traceparent === undefined ? [] : [`"traceparent":${spelled(traceparent)},`])];
  return `"profile":${spelled(profile)},"kind":${spelled(kind)},${optional.join('')}`;
}
