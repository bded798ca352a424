// The garbage collector, called for: Node's own objects hold a key that was signed with until they are collected, and on a
// daemon with little to do that may be never.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

let collect: (() => void) | undefined;

/** Frees this thread's objects that nobody has any more, and with them the keys that they were given; some ms. */
export function collectGarbage(): void {
  if (collect === undefined) {
    // Nothing else reaches it from within; it is the same as node --expose-gc, whoever started us.
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
}
