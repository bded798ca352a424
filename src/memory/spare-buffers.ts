// Large buffers that are used again. Memory behind a buffer is freed when the collector finds that nobody has it any more; and
// where much of it comes and goes, the collector is made to look at everything else again and again for that alone.
// Invariant: what is kept for the next one is bounded, and a buffer is never given to two at once.

/** Sizes between one power of two and the next: from the smallest on, a buffer is at most an eighth larger than was asked for. */
const stepsPerOctave = 8;
const bytesMin = 4096;

export class SpareBuffers {
  readonly #bytesMax: number;
  /** By size, the one that was asked for or given last at the end. */
  readonly #bySize = new Map<number, Buffer[]>();
  #bytes = 0;

  /** `bytesMax`: so much is kept at most, and of sizes that nobody asks for any more nothing in the long run. */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** What is kept, bytes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** A buffer of so many bytes or some more, with anything in it. */
  take(bytes: number): Buffer {
    const size = sizeFor(bytes);
    const spare = this.#ofSize(size).pop();
    if (spare === undefined) return Buffer.allocUnsafeSlow(size);
    this.#bytes -= size;
    return spare;
  }

  /** Takes back what `take` gave; whoever had it MUST NOT look at it again. */
  give(buffer: Buffer): void {
    const size = buffer.length;
    if (size > this.#bytesMax) return;
    this.#ofSize(size).push(buffer);
    this.#bytes += size;
    for (const [oldest, buffers] of this.#bySize) {
      while (this.#bytes > this.#bytesMax && buffers.pop() !== undefined) this.#bytes -= oldest;
      if (this.#bytes <= this.#bytesMax) return;
      this.#bySize.delete(oldest);
    }
  }

  #ofSize(size: number): Buffer[] {
    const buffers = this.#bySize.get(size) ?? [];
    this.#bySize.delete(size);
    this.#bySize.set(size, buffers);
    return buffers;
  }
}

function sizeFor(bytes: number): number {
  if (bytes <= bytesMin) return bytesMin;
  const step = 2 ** (31 - Math.clz32(bytes - 1)) / stepsPerOctave;
  return Math.ceil(bytes / step) * step;
}
