// The garbage collector, called for: Node's own objects hold a key that was signed with until they are collected, and on a
// daemon with little to do that may be never.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/**
 * Frees this thread's objects that nobody has any more, and with them the keys that they were given; some ms. `absent` is called,
 * once in a thread, where this Node's collector cannot be called for.
 */
export function collectGarbage(absent: () => void): void {
  if (collect === undefined) {
    // Nothing else reaches it from within; it is the same as node --expose-gc, whoever started us.
    setFlagsFromString('--expose-gc');
    const gc: unknown = runInNewContext('globalThis.gc');
    if (typeof gc !== 'function') absent();
    collect = typeof gc === 'function' ? gc as () => void : () => undefined;
  }
  collect();
}
