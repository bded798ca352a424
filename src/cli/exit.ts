// Exit codes, for scripts and service managers.

export const exitCodes = {
  ok: 0,
  /** `verify`: tampered or lost. Other commands: something was refused. */
  failed: 1,
  /** Wrong usage or bad configuration. */
  usage: 2,
  /** A log that will not be extended, or could not be checked. */
  unverifiable: 3,
  /** State directory or socket held by a live daemon. */
  held: 4,
  /** After a failed write or fsync. */
  writeFailed: 5,
} as const;
