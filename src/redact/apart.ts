// Names and their values inside a text where more than a separator stands between them. Invariant: it is asked only of a text in
// which no other rule finds anything, so that it adds to what they find, and takes nothing from it.
import { heldValue } from './held.js';
import { eachName } from './named.js';
import { markupValue } from './markup.js';
import { saidValue } from './sentence.js';
import type { Told } from './told.js';
import { yamlValue } from './yaml.js';

/** Calls `found` with each such secret of a text, until it returns false. */
export function findApart(text: string, found: (secret: Told) => boolean): void {
  eachName(text, (start, end, rule) => {
    const told = markupValue(text, start, end, rule) ?? yamlValue(text, start, end, rule) ?? heldValue(text, start, end, rule)
      ?? saidValue(text, start, end, rule);
    if (told === undefined) return end;
    return found(told) ? told.region.end : -1;
  });
}
