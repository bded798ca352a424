// How much a command may put out and how long it may take, and when the log is warned. Invariant: a warning comes before
// its cap, also under a cap that is smaller than the usual threshold.

const miB = 1024 * 1024;

/** Where a cap is not set by a rule: bytes of stdout, bytes of stderr, milliseconds. */
export const defaultCaps = { stdoutBytes: 16 * miB, stderrBytes: 16 * miB, durationMs: 300_000 } as const;
const warnBytes = 8 * miB;
const warnMs = 60_000;

/** The longest time a timer of Node's takes; a longer one would go off at once. Ms, nearly 25 days. */
export const timeoutMsMax = 2 ** 31 - 1;

/** What holds for one command. `stdinBytes` counts what is piped in; undefined is no cap. */
export interface Limits {
  readonly stdinBytes: number | undefined;
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly durationMs: number;
}

/** After how many bytes of output the log is warned that its cap comes near. */
export function warnAfterBytes(cap: number): number {
  return Math.min(warnBytes, Math.ceil(cap / 2));
}

/** After how many milliseconds the log is warned that the time limit comes near. */
export function warnAfterMs(cap: number): number {
  return Math.min(warnMs, Math.ceil(cap / 2));
}
