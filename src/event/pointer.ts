// JSON pointers (RFC 6901), as far as they are made here: one step at a time, from the inside out or from the outside in.
// It is by itself because the client needs it, and nothing else of the events.

/** A key as one step of a pointer, its slash in front. */
export function pointerStep(key: string): string {
  return `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
