// Memory that clients hold between them by what they do not do: half frames that they do not finish, replies that they do
// not read. Each connection has its own bound; this is the bound for all of them together, so that many connections come
// to no more than a few. Whoever holds the most for the longest goes first: nobody who gets on with it is ever that one.
import type { Clock } from '../clock/clock.js';

/** A connection that holds something. */
export interface Holder {
  /** What it holds now, bytes. */
  readonly held: number;
  /** Closes it: it MUST hold nothing any more when this returns. */
  letGo(): void;
}

interface Holding {
  bytes: number;
  readonly since: number;
}

export class Pool {
  readonly #clock: Clock;
  readonly #bytesMax: number;
  readonly #holdings = new Map<Holder, Holding>();
  #bytes = 0;

  constructor(clock: Clock, bytesMax: number) {
    this.#clock = clock;
    this.#bytesMax = bytesMax;
  }

  /** It holds so much, and has done so since it last held nothing. Others may be let go for it, or itself. */
  hold(holder: Holder, bytes: number): void {
    const holding = this.#holdings.get(holder);
    this.#bytes += bytes - (holding?.bytes ?? 0);
    if (holding === undefined) this.#holdings.set(holder, { bytes, since: this.#clock.monotonic() });
    else holding.bytes = bytes;
    if (this.#bytes > this.#bytesMax) this.#relieve();
  }

  /** It holds nothing any more. */
  free(holder: Holder): void {
    const holding = this.#holdings.get(holder);
    if (holding === undefined) return;
    this.#bytes -= holding.bytes;
    this.#holdings.delete(holder);
  }

  #relieve(): void {
    // Some may have got rid of a part since they said what they held.
    for (const [holder, holding] of this.#holdings) {
      this.#bytes += holder.held - holding.bytes;
      holding.bytes = holder.held;
    }
    while (this.#bytes > this.#bytesMax) {
      const worst = this.#worst();
      if (worst === undefined) return;
      this.free(worst);
      worst.letGo();
    }
  }

  #worst(): Holder | undefined {
    const now = this.#clock.monotonic();
    let worst: Holder | undefined;
    let most = -1;
    for (const [holder, { bytes, since }] of this.#holdings) {
      const weight = bytes * (now - since);
      if (weight <= most) continue;
      worst = holder;
      most = weight;
    }
    return worst;
  }
}
