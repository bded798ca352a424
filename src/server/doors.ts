// All sockets of a daemon: those it was started with, and those that are added and removed while it runs.
import type { Socket } from 'node:net';
import type { Listening } from './listener.js';
import { listen } from './listener.js';
import type { ListenerConfig } from './settings.js';

/** What a change came to; a listener that could not be opened takes nothing from the others. */
export interface Change {
  readonly opened: readonly ListenerConfig[];
  readonly closed: readonly ListenerConfig[];
  /** Those that could not be, and why, if the last change did not say the same. */
  readonly failed: readonly { readonly config: ListenerConfig; readonly why: string }[];
}

/** A socket that was taken from its place, and whether it is back. */
export interface Mended {
  readonly config: ListenerConfig;
  readonly how: 'missing' | 'replaced';
  /** Why it could not be bound again; it is tried again. */
  readonly error?: Error;
}

const noChange: Change = { opened: [], closed: [], failed: [] };

export class Doors {
  readonly #accept: (socket: Socket, config: ListenerConfig) => void;
  #fixed: Listening[] = [];
  /** With the text of what each was asked to be. */
  #added: { readonly key: string; readonly listening: Listening }[] = [];
  /** Why those that are wanted could not be opened, by the text of what they were asked to be. */
  #failed = new Map<string, string>();
  /** Each change waits for the one before it. */
  #lastChange: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(accept: (socket: Socket, config: ListenerConfig) => void) {
    this.#accept = accept;
  }

  /** Opens the sockets that are there from the start, all or none. @throws ListenError */
  async open(configs: readonly ListenerConfig[]): Promise<void> {
    try {
      for (const config of configs) this.#fixed.push(await this.#listen(config));
    } catch (error) {
      for (const listening of this.#fixed.splice(0)) listening.close();
      throw error;
    }
  }

  /** Makes the added listeners those of `wanted`. */
  change(wanted: readonly ListenerConfig[]): Promise<Change> {
    const changed = this.#lastChange.then(() => this.#change(wanted));
    this.#lastChange = changed;
    return changed;
  }

  /** Binds again what somebody took from its place. Whoever is connected already stays so. */
  mend(): Promise<readonly Mended[]> {
    const mended = this.#lastChange.then(() => this.#mend());
    this.#lastChange = mended;
    return mended;
  }

  /** No new connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lastChange;
    for (const listening of this.#fixed) listening.close();
    for (const { listening } of this.#added) listening.close();
  }

  async #change(wanted: readonly ListenerConfig[]): Promise<Change> {
    if (this.#isClosed) return noChange;
    const wantedBy = new Map(wanted.map((config) => [JSON.stringify(config), config]));
    const gone = this.#added.filter(({ key }) => !wantedBy.has(key));
    this.#added = this.#added.filter(({ key }) => wantedBy.has(key));
    for (const { listening } of gone) listening.close();
    for (const { key } of this.#added) wantedBy.delete(key);
    const opened: ListenerConfig[] = [];
    const before = this.#failed;
    this.#failed = new Map();
    const failed: { config: ListenerConfig; why: string }[] = [];
    for (const [key, config] of wantedBy) {
      try {
        this.#added.push({ key, listening: await this.#listen(config) });
        opened.push(config);
      } catch (error) {
        const why = String(error);
        this.#failed.set(key, why);
        if (before.get(key) !== why) failed.push({ config, why });
      }
    }
    return { opened, closed: gone.map(({ listening }) => listening.config), failed };
  }

  async #mend(): Promise<readonly Mended[]> {
    const mended: Mended[] = [];
    for (const [index, listening] of this.#fixed.entries()) {
      const { now, result } = await this.#again(listening);
      this.#fixed[index] = now;
      mended.push(...result);
    }
    for (const [index, { key, listening }] of this.#added.entries()) {
      const { now, result } = await this.#again(listening);
      this.#added[index] = { key, listening: now };
      mended.push(...result);
    }
    return mended;
  }

  async #again(listening: Listening): Promise<{ readonly now: Listening; readonly result: readonly Mended[] }> {
    const how = listening.standing();
    if (how === 'own' || this.#isClosed) return { now: listening, result: [] };
    const { config } = listening;
    try {
      const now = await this.#listen(config);
      listening.close();
      return { now, result: [{ config, how }] };
    } catch (error) {
      return { now: listening, result: [{ config, how, error: error instanceof Error ? error : new Error(String(error)) }] };
    }
  }

  #listen(config: ListenerConfig): Promise<Listening> {
    return listen(config, (socket) => { this.#accept(socket, config); });
  }
}
