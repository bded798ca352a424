// What may be said: the profiles by name. A profile takes an event in its source system's own shape, completes it and
// names its kind, or says what is wrong with it. Adding a profile is adding a file and a line here.
import { codetether } from './codetether.js';
import { generic } from './generic.js';
import type { JsonMap, JsonObject } from './json.js';
import { mvmLocal } from './mvm-local.js';
import { mvmTenant } from './mvm-tenant.js';
import type { JsonText } from './pass.js';
import { type Stream, kindFinder, kindOf } from './stream.js';
import { tryaudex } from './tryaudex.js';
import type { Mint, ValueOf } from './type.js';
import { Violation } from './violation.js';
import { x0xExec } from './x0x-exec.js';

/** What a profile makes of an event. `event` is what the record will hold. */
export type Admitted =
  | { readonly ok: true; readonly kind: string; readonly event: JsonObject | JsonMap }
  | { readonly ok: false; readonly violation: Violation };

/** One source system's events. */
export interface Profile {
  readonly name: string;
  /** Checks and completes one event; never throws. */
  admit(event: JsonObject | JsonMap): Admitted;
  /**
   * The quick look at an event's JSON text: its kind, if the record will hold just that text. Undefined says
   * nothing: the event has to be looked at as a value.
   */
  pass(json: JsonText): string | undefined;
}

/** All profiles that clients may use. */
export type Catalogue = ReadonlyMap<string, Profile>;

export interface CatalogueOptions extends Mint {
  /** Whether a kind that its profile does not know is refused, or taken as it was sent, with nothing checked. */
  readonly unknownKinds: 'reject' | 'accept';
}

/** The source systems, in the order in which they are listed to people. */
export const streams = [generic, mvmLocal, mvmTenant, codetether, x0xExec, tryaudex] as const;

type Streams = (typeof streams)[number];
export type ProfileName = Streams['name'];
/** What a TypeScript caller may pass as an event of a profile. */
export type EventOf<Name extends ProfileName> = ValueOf<Extract<Streams, { readonly name: Name }>['type']>;

export const profileNames: ReadonlySet<string> = new Set(streams.map(({ name }) => name));

/** The profiles as one daemon takes them. */
export function catalogue(options: CatalogueOptions): Catalogue {
  return new Map(streams.map((stream) => [stream.name, profileOf(stream, options)]));
}

function profileOf(stream: Stream, options: CatalogueOptions): Profile {
  const { name, type, kinds } = stream;
  // For a profile whose kinds are its source's own choice there are no unknown ones.
  const known = options.unknownKinds === 'accept' && kinds !== undefined ? new Set(kinds) : undefined;
  const findKind = kindFinder(stream);
  return {
    name,
    admit(event) {
      if (known !== undefined) {
        const kind = kindOf(stream, event);
        if (kind !== undefined && kind !== '' && !known.has(kind)) return { ok: true, kind, event };
      }
      const taken = type.take(event, options);
      if (taken instanceof Violation) return { ok: false, violation: taken };
      return { ok: true, kind: kindOf(stream, taken) ?? '', event: taken };
    },
    pass: (json) => (type.pass(json, json.from) === json.to ? findKind(json) : undefined),
  };
}
