// Why an event was refused: an expected outcome, so a value and not an exception.

/** The first thing wrong with an event: where, as a JSON pointer into it, and what would have been right. */
export interface Violation {
  /** RFC 6901; empty for the event itself. */
  readonly path: string;
  readonly message: string;
}

/** A key as one step of a JSON pointer. */
export function pointerStep(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
