// What may be said: the profiles by name. A profile takes an event in its source system's own shape, completes it and
// names its kind, or says what is wrong with it. Adding a profile is adding a file and a line here.
import { generic } from './generic.js';
import type { JsonMap, JsonObject } from './json.js';
import type { Violation } from './violation.js';

/** What a profile makes of an event. `event` is what the record will hold. */
export type Admitted =
  | { readonly ok: true; readonly kind: string; readonly event: JsonObject | JsonMap }
  | { readonly ok: false; readonly violation: Violation };

/** One source system's events. */
export interface Profile {
  readonly name: string;
  /** Checks and completes one event; never throws. */
  admit(event: JsonObject | JsonMap): Admitted;
}

/** All profiles that clients may use. */
export type Catalogue = ReadonlyMap<string, Profile>;

export const catalogue: Catalogue = new Map([generic].map((profile) => [profile.name, profile]));
