/**
 * The head and the key file, which move together behind every commit: the one says how far the log goes, the other
 * holds the only key that can go on. Both are overwritten in place; they are synced when it is due and not with every
 * commit, because what a power cut takes of them is caught up from the log, which never lags.
 */
import type { Clock } from '../clock/clock.js';
import type { Disk } from '../disk/disk.js';
import { Slot } from '../disk/slot.js';
import { KeyFile } from '../keys/store.js';
import { encodeHead, forgetHead } from './head.js';
import type { Places } from './segment.js';
import type { LogState } from './state.js';

/** How long they may lie in the page cache: a second at most, and a fifth of it is for whoever looks. */
const unsyncedMsMax = 800;

/** A head as it will be written, and whose. */
export interface PreparedHead {
  readonly state: LogState;
  readonly root: Buffer;
  readonly slot: Buffer;
}

export class Anchor {
  readonly #clock: Clock;
  readonly #head: Slot;
  readonly #keyFile: KeyFile;
  /** What the head's file holds, and what the next head is made in. */
  #written: Buffer | undefined;
  #spare: Buffer | undefined;
  /** When the oldest write that is not synced was made. */
  #unsyncedSince: number | undefined;

  constructor(disk: Disk, clock: Clock, places: Places) {
    this.#clock = clock;
    this.#head = Slot.open(disk, places.head);
    this.#keyFile = KeyFile.open(disk, places.currentKeys);
  }

  /** Makes the head of a state that may be moved to next; it is good until another one is made. */
  prepare(state: LogState): PreparedHead {
    const { origin, last, tree, keys, segment } = state;
    const root = tree.root();
    const head = { origin, ...last, segment: segment?.name ?? '', bytes: segment?.bytes ?? 0, root, key: keys.name };
    this.#spare = encodeHead(head, keys.step, this.#spare);
    return { state, root, slot: this.#spare };
  }

  /**
   * Says where the log stands, head first. With `synced`, each is on the disk before the next step: a head that lags
   * behind a key file is a crash that the log explains; a key file that lags could sign what is sealed already.
   */
  move({ state, root, slot }: PreparedHead, synced: boolean): void {
    this.#head.write(slot);
    [this.#written, this.#spare] = [slot, this.#written];
    if (this.#spare !== undefined) forgetHead(this.#spare);
    if (synced) this.#head.sync();
    this.storeKeys(state, root);
    if (synced) this.#keyFile.slot.sync();
    this.#unsyncedSince = synced ? undefined : this.#unsyncedSince ?? this.#clock.monotonic();
  }

  /** The key file alone, not synced. */
  storeKeys(state: LogState, root = state.tree.root()): void {
    const { keys, epoch, last } = state;
    this.#keyFile.write({
      name: keys.name, step: keys.step, nextEpoch: keys.nextEpoch, signer: epoch.signer.seed, nextSigner: epoch.nextSeed,
      seq: last.seq, root,
    });
  }

  syncKeys(): void {
    this.#keyFile.slot.sync();
  }

  /** Syncs both if the oldest unsynced write is about to be a second old. */
  syncIfDue(): void {
    if (this.#unsyncedSince !== undefined && this.#clock.monotonic() - this.#unsyncedSince >= unsyncedMsMax) this.sync();
  }

  /** Syncs both, where anything was written since they were. */
  sync(): void {
    if (this.#unsyncedSince === undefined) return;
    this.#head.sync();
    this.#keyFile.slot.sync();
    this.#unsyncedSince = undefined;
  }

  /** Both, for whoever watches them. */
  get slots(): readonly { readonly name: string; readonly slot: Slot }[] {
    return [{ name: 'log/head', slot: this.#head }, { name: 'keys/current', slot: this.#keyFile.slot }];
  }

  /** Syncs what is not synced yet and lets go: of what was written nothing is left in memory. */
  close(): void {
    try {
      this.sync();
    } finally {
      this.#head.close();
      this.#keyFile.close();
      for (const slot of [this.#written, this.#spare]) if (slot !== undefined) forgetHead(slot);
    }
  }
}
