// What may be appended, as types: the events of a profile, told apart by their kind, so that a wrong field does not
// compile. Invariant: types only; the daemon has the last word on every event.
import type { EventOf as CatalogueEvent, ProfileName } from '../event/catalogue.js';

/** Fields by name, of any type. */
export type EventFields = Readonly<Record<string, unknown>>;

/**
 * An event of the profile `P`. Where the profile is known only as a `string`, any fields; a name that is no profile
 * has no events.
 */
export type EventOf<P extends string> = P extends ProfileName ? CatalogueEvent<P> : string extends P ? EventFields : never;

/** An event of the profile `generic`, for every system without a profile of its own. */
export type GenericEvent = EventOf<'generic'>;

/** An event of `P` whose fields named `Given` may be left out, because the client adds them. */
export type ClientEvent<P extends string = string, Given extends string = never> =
  [Given] extends [never] ? EventOf<P> : Without<EventOf<P>, Given>;

/** Fields that some event of `P` may have. */
export type FieldsOf<P extends string> = { readonly [Name in NamesOf<EventOf<P>>]?: FieldOf<EventOf<P>, Name> };

type NamesOf<Event> = Event extends unknown ? keyof Event : never;
type FieldOf<Event, Name extends PropertyKey> = Event extends unknown ? (Name extends keyof Event ? Event[Name] : never) : never;

/** What a client adds to its events: with these `fields`, each where the event itself has none. */
export interface Given<Fields> {
  /** W3C Trace Context. */
  readonly traceparent?: string | undefined;
  readonly fields?: Fields | undefined;
}

/** The names of fields that are known by name: only what is sure to be added may be left out. */
export type NamesIn<Fields> = string extends keyof Fields ? never : keyof Fields & string;

// One kind after the other, or the kinds would melt into what they have in common.
type Without<Event, Given extends string> = Event extends unknown
  ? Omit<Event, Given> & Partial<Pick<Event, Extract<keyof Event, Given>>>
  : never;

/** Where an event goes and what it is known by. */
export interface EmitOptions<P extends string = string> {
  /** The source system; the client's own profile, else `generic`. */
  readonly profile?: P | undefined;
  /** W3C Trace Context. */
  readonly traceparent?: string | undefined;
  /**
   * 1 to 128 characters: the daemon records an id once, however often it is sent. A random one when absent. Of several
   * events each gets `<id>.<its index>`.
   */
  readonly id?: string | undefined;
}

export interface AppendOptions<P extends string = string> extends EmitOptions<P> {
  /** Gives the append up; what was sent may have been recorded all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the append is given up, reconnects and retries included. */
  readonly timeoutMs?: number | undefined;
}
