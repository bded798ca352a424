// What only root can try, such as being somebody else. Elsewhere it is counted as skipped, under a name that says so.
export const isRoot = process.getuid?.() === 0;

/** The name of a test that runs for root only. */
export function ofRoot(name: string): string {
  return isRoot ? name : `${name} (not root: NOT tested)`;
}
