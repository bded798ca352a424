/** Whether something is held on to: it is not if the garbage collector takes it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Collections that are tried: what is gone is told a turn of the event loop later. */
const collectionsMax = 50;

/** See the file's head. */
export class Collected<Name> {
  readonly names = new Set<Name>();
  readonly #registry = new FinalizationRegistry((name: Name) => { this.names.add(name); });

  /** `name` is in `names` once `target` is gone. */
  watch(target: object, name: Name): void {
    this.#registry.register(target, name);
  }

  /** Until so many are gone, or the collector has had every chance to take them. */
  async until(count: number): Promise<void> {
    for (let turn = 0; turn < collectionsMax && this.names.size < count; turn += 1) {
      collect();
      await new Promise(setImmediate);
    }
  }
}
