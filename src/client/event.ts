// What may be appended, as types.

/** An event of the profile `generic`, for every system without a profile of its own. */
export interface GenericEvent {
  readonly action: string;
  readonly outcome?: 'success' | 'failure' | 'denied' | undefined;
  readonly actor?: string | undefined;
  readonly resource?: string | undefined;
  readonly session_id?: string | undefined;
  /** Anything MessagePack has a form for; integers beyond 2^53 as bigint. */
  readonly detail?: unknown;
  /** Milliseconds. */
  readonly duration_ms?: number | bigint | undefined;
}

/** An event in the shape of its profile; the daemon checks it. */
export type ClientEvent = GenericEvent | Readonly<Record<string, unknown>>;

/** Where an event goes and what it is known by. */
export interface EmitOptions {
  /** The source system; the client's own profile, else `generic`. */
  readonly profile?: string | undefined;
  /** W3C Trace Context. */
  readonly traceparent?: string | undefined;
  /**
   * 1 to 128 characters: the daemon records an id once, however often it is sent. A random one when absent. Of several
   * events each gets `<id>.<its index>`.
   */
  readonly id?: string | undefined;
}

export interface AppendOptions extends EmitOptions {
  /** Gives the append up; what was sent may have been recorded all the same. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the append is given up, reconnects and retries included. */
  readonly timeoutMs?: number | undefined;
}
