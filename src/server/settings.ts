// What the server needs to know, already checked. Sizes in bytes, times in milliseconds.

/** One socket. */
export interface ListenerConfig {
  readonly name: string;
  readonly path: string;
  /** Permission bits of the socket file. */
  readonly mode: number;
  /** Profiles that may be used on it; undefined: all. */
  readonly profiles: readonly string[] | undefined;
  /** Stand in every record that comes through it. */
  readonly labels: Readonly<Record<string, string>>;
  /** Events per second for each peer process; 0: not limited. */
  readonly rate: number;
  /** Of a socket that the service manager opened and keeps: its file, mode and owner are not ours. */
  readonly descriptor?: number;
}

/** Limits on what clients may ask for. */
export interface Limits {
  readonly frameBytes: number;
  readonly eventBytes: number;
  readonly events: number;
  readonly clients: number;
  readonly queueBytes: number;
}

/** Who may read besides root and the daemon's own user. */
export interface ReaderPolicy {
  readonly ownUid: number;
  readonly gids: ReadonlySet<number>;
}
