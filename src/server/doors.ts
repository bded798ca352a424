// All sockets of a daemon: those it was started with, and those that are added and removed while it runs.
import type { Socket } from 'node:net';
import type { Listening } from './listener.js';
import { listen } from './listener.js';
import type { ListenerConfig } from './settings.js';

/** What a change came to; a listener that could not be opened takes nothing from the others. */
export interface Change {
  readonly opened: readonly ListenerConfig[];
  readonly closed: readonly ListenerConfig[];
  readonly failed: readonly { readonly config: ListenerConfig; readonly error: unknown }[];
}

const noChange: Change = { opened: [], closed: [], failed: [] };

export class Doors {
  readonly #accept: (socket: Socket, config: ListenerConfig) => void;
  #fixed: Listening[] = [];
  #added: Listening[] = [];
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

  /** No new connections. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lastChange;
    for (const listening of [...this.#fixed, ...this.#added]) listening.close();
  }

  async #change(wanted: readonly ListenerConfig[]): Promise<Change> {
    if (this.#isClosed) return noChange;
    const isWanted = (config: ListenerConfig): boolean => wanted.some((other) => isSame(config, other));
    const gone = this.#added.filter(({ config }) => !isWanted(config));
    this.#added = this.#added.filter(({ config }) => isWanted(config));
    for (const listening of gone) listening.close();
    const opened: ListenerConfig[] = [];
    const failed: { config: ListenerConfig; error: unknown }[] = [];
    for (const config of wanted.filter((other) => !this.#added.some((listening) => isSame(listening.config, other)))) {
      try {
        this.#added.push(await this.#listen(config));
        opened.push(config);
      } catch (error) {
        failed.push({ config, error });
      }
    }
    return { opened, closed: gone.map(({ config }) => config), failed };
  }

  #listen(config: ListenerConfig): Promise<Listening> {
    return listen(config, (socket) => { this.#accept(socket, config); });
  }
}

function isSame(a: ListenerConfig, b: ListenerConfig): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
