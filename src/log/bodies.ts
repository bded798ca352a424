/**
 * Bodies on their way to the writer, as bytes. Text is written once, when a request is taken in, into chunks that many
 * requests share: what waits is then a few large buffers, and not tens of thousands of strings that the garbage collector
 * carries along. A chunk is freed with the last request in it.
 */

/** Room for some hundred bodies of the usual size. */
const chunkBytes = 64 * 1024;
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const bytesPerUnitMax = 3;

/** The bodies of one request, back to back in `chunk` from `from` on. */
export interface Bodies {
  readonly chunk: Buffer;
  readonly from: number;
  readonly to: number;
  /** Where each body ends, counted from `from`. */
  readonly ends: readonly number[];
}

export class BodyStore {
  #chunk = Buffer.alloc(0);
  #used = 0;

  /** Keeps the bodies of one request next to each other. */
  keep(texts: readonly string[]): Bodies {
    this.#makeRoom(texts);
    const chunk = this.#chunk;
    const from = this.#used;
    let at = from;
    const ends = texts.map((text) => {
      at += chunk.write(text, at, 'utf8');
      return at - from;
    });
    this.#used = at;
    return { chunk, from, to: at, ends };
  }

  #makeRoom(texts: readonly string[]): void {
    let units = 0;
    for (const text of texts) units += text.length;
    if (this.#used + units * bytesPerUnitMax <= this.#chunk.length) return;
    const isUsual = units * bytesPerUnitMax <= chunkBytes;
    this.#chunk = Buffer.allocUnsafeSlow(isUsual ? chunkBytes : texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0));
    this.#used = 0;
  }
}

/** Copies requests' bodies behind each other into `to`, as long as all of them together. */
export function joinBodies(requests: readonly Bodies[], to: Buffer): void {
  let at = 0;
  for (let first = 0; first < requests.length;) {
    const head = requests[first];
    if (head === undefined) return;
    // Neighbours that came one after the other mostly lie one after the other.
    let end = head.to;
    let next = first + 1;
    for (; requests[next]?.chunk === head.chunk && requests[next]?.from === end; next += 1) end = requests[next]?.to ?? end;
    at += head.chunk.copy(to, at, head.from, end);
    first = next;
  }
}
