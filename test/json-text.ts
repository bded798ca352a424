// The text of an event as it was written while its bytes were scanned.
import type { JsonText } from '../src/event/pass.js';
import { bytesOf, jsonTextOf } from '../src/event/pass.js';

/** It as a string. @throws Error where it does not say where each string in it ends, and whether that is hex digits alone */
export function textOf(json: JsonText): string {
  const text = bytesOf(json).toString();
  for (const [at, end] of jsonTextOf(text).ends.entries()) {
    const said = json.ends[json.from + at];
    const wanted = end < 0 ? end - json.from : end + json.from;
    if (end !== 0 && said !== wanted) throw new Error(`the string at ${at} of ${text} ends at ${String(said)}, and not at ${wanted}`);
  }
  return text;
}
