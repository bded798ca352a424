// Why an event was refused: an expected outcome, so a value and not an exception. Invariant: what it shows of the event
// is short and moves no cursor.
import type { JsonValue } from './json.js';
import { isJsonMapping } from './json.js';
import { pointerStep } from './pointer.js';
import { printable } from './printable.js';

/** Of a text that was found, so much is shown. */
const foundCharsMax = 40;

/** What a map is called where one is expected. */
export const aMap = 'a map';
/** What serde's compact form gets wrong: it leaves the names of fields out, and nobody can tell what is what. */
export const structsAsMaps = 'structs must travel as maps, in the named form (rmp_serde: to_vec_named)';

/** The first thing wrong with an event: where, as a JSON pointer into it, and what would have been right. */
export class Violation {
  /** RFC 6901; empty for the event itself. */
  readonly path: string;
  readonly message: string;

  constructor(path: string, message: string) {
    this.path = path;
    this.message = message;
  }

  /** About a whole value: what was expected, and what was found in its place; undefined for nothing at all. */
  static unexpected(expected: string, found: JsonValue | undefined): Violation {
    const isStruct = expected === aMap && typeof found === 'object' && found !== null && !isJsonMapping(found);
    return new Violation('', `expected ${expected}, found ${describe(found)}${isStruct ? `: ${structsAsMaps}` : ''}`);
  }

  /** The same, seen from the map or array that holds the value under `key`. */
  within(key: string): Violation {
    return new Violation(pointerStep(key) + this.path, this.message);
  }
}

function describe(value: JsonValue | undefined): string {
  switch (typeof value) {
    case 'undefined': return 'nothing';
    case 'string': {
      const shown = value.length > foundCharsMax ? `${value.slice(0, foundCharsMax)}…` : value;
      return printable(JSON.stringify(shown));
    }
    // A client that sends an integer as a float would not see from its digits why it was refused.
    case 'number': return Number.isInteger(value) && !Number.isSafeInteger(value) ? `the float ${value}` : String(value);
    case 'object':
      if (value === null) return 'null';
      return isJsonMapping(value) ? aMap : 'an array';
    default: return String(value);
  }
}
