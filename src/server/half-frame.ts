// Half a frame: a client may stop in the middle of one, but not for long. The time counts from its first byte; more bytes of
// the same frame gain it none.

/** How long a frame may stay half sent, ms. */
export const halfFrameMs = 30_000;

export class HalfFrame {
  readonly #onLate: () => void;
  #timer: NodeJS.Timeout | undefined;

  /** `onLate`: it was half for too long. */
  constructor(onLate: () => void) {
    this.#onLate = onLate;
  }

  watch(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#onLate();
    }, halfFrameMs);
  }

  forget(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
