// A finding that says which secret was exposed: `{"category": "SecretExposure", "matched_text": "…", "context": "…"}`.
// Invariant: the text that was matched is a secret whole, whatever it looks like, and so is the same text in the context.
import type { JsonValue } from '../event/json.js';
import type { Announced } from './argv.js';
import { isPath, isPlaceholder } from './placeholder.js';
import type { NamedAs } from './region.js';

const exposed: NamedAs = { name: 'exposed-secret', shape: 'plain', vague: false };

/** Characters; what is shorter stands in many words of a context. */
const matchCharsMin = 4;

/** What a map's entries say of each other if they are such a finding: by key. */
export function exposureIn(entries: readonly (readonly [string, JsonValue])[]): ReadonlyMap<string, Announced> | undefined {
  if (!entries.some(([key, held]) => key === 'category' && held === 'SecretExposure')) return undefined;
  const matched = entries.find(([key]) => key === 'matched_text')?.[1];
  if (typeof matched !== 'string') return undefined;
  const isShown = isPlaceholder(matched, true) || isPath(matched) || matched.length < matchCharsMin;
  // Of the context the same is known when the match is masked already: else a second look would read it otherwise.
  return new Map<string, Announced>([
    ['matched_text', { rule: exposed, start: 0 }],
    ['context', { rule: exposed, start: 0, same: isShown ? '' : matched }],
  ]);
}
