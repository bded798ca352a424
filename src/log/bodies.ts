/**
 * Bodies on their way to the writer, as bytes. Text is written once, when a request is taken in, into chunks that many
 * requests share: what waits is then a few large buffers, and not tens of thousands of strings that the garbage collector
 * carries along. The requests in a chunk are of one source, so that they leave in the order they came: nobody's backlog
 * holds on to chunks that others have left long ago.
 */
import { copyShared } from '../memory/copy-shared.js';
import { SpareBuffers } from '../memory/spare-buffers.js';

/** Room for some hundred bodies of the usual size, for a source with much to say; and for a few, for all the others. */
const chunkBytes = { large: 32 * 1024, small: 4 * 1024 } as const;
/** From here on a source has much to say. */
const backlogBytes = 16 * 1024;
/** A shared chunk has room for one body in so many bytes; every body has more of them. */
const bodyBytesMin = 64;
/** Chunks kept for the next request, 4 MiB of each size. */
const spareMax = { large: 128, small: 1024 } as const;
/** And of chunks that a large request had to itself. */
const ownSpareBytes = 4 * 1024 * 1024;
/** UTF-8 takes at most three bytes for each UTF-16 unit. */
const bytesPerUnitMax = 3;

/** Memory that requests of one source share. */
interface Chunk {
  readonly bytes: Buffer;
  /** A large request has one to itself. */
  readonly size: keyof typeof chunkBytes | 'own';
  used: number;
  /** Where each body in it ends; `bodies` of them are. */
  readonly ends: Uint32Array;
  bodies: number;
  /** Requests that are in it. */
  held: number;
}

/** A body's text, or pieces of it one behind the other: what many bodies share need not be made into bytes each time. */
export type Body = string | readonly (string | Uint8Array)[];

/** Its length, as far as memory is planned by it: characters of what is text, bytes of what is bytes. */
export function bodyLength(body: Body): number {
  if (typeof body === 'string') return body.length;
  let length = 0;
  for (const piece of body) length += piece.length;
  return length;
}

/** The bodies of one request, back to back in `chunk` from `from` on. */
export interface Bodies {
  readonly chunk: Chunk;
  readonly from: number;
  readonly to: number;
  /** The first of them in the chunk's `ends`, and how many they are. */
  readonly firstBody: number;
  readonly bodies: number;
}

/** Chunks that nobody needs at the moment. */
export class SpareChunks {
  readonly #chunks: { readonly large: Chunk[]; readonly small: Chunk[] } = { large: [], small: [] };
  readonly #own = new SpareBuffers(ownSpareBytes);

  take(size: keyof typeof chunkBytes): Chunk {
    return this.#chunks[size].pop() ?? newChunk(size, Buffer.allocUnsafeSlow(chunkBytes[size]), chunkBytes[size] / bodyBytesMin);
  }

  /** For one request of so many bytes and bodies. */
  takeOwn(bytes: number, bodies: number): Chunk {
    return newChunk('own', this.#own.take(bytes), bodies);
  }

  give(chunk: Chunk): void {
    const { size, bytes } = chunk;
    if (size === 'own') {
      this.#own.give(bytes);
      return;
    }
    if (this.#chunks[size].length >= spareMax[size]) return;
    chunk.used = 0;
    chunk.bodies = 0;
    this.#chunks[size].push(chunk);
  }
}

/** The bodies of one source. */
export class BodyStore {
  readonly #spare: SpareChunks;
  #current: Chunk | undefined;
  #held = 0;

  constructor(spare: SpareChunks) {
    this.#spare = spare;
  }

  /** Keeps the bodies of one request next to each other. */
  keep(bodies: readonly Body[]): Bodies {
    const chunk = this.#chunkFor(bodies);
    const { used: from, bodies: firstBody } = chunk;
    for (const body of bodies) {
      chunk.used = writeBody(body, chunk.bytes, chunk.used);
      chunk.ends[chunk.bodies] = chunk.used;
      chunk.bodies += 1;
    }
    const to = chunk.used;
    chunk.held += 1;
    this.#held += to - from;
    return { chunk, from, to, firstBody, bodies: bodies.length };
  }

  /** These were copied. */
  release({ chunk, from, to }: Bodies): void {
    this.#held -= to - from;
    chunk.held -= 1;
    if (chunk.held > 0) return;
    if (chunk === this.#current) this.#current = undefined;
    this.#spare.give(chunk);
  }

  #chunkFor(bodies: readonly Body[]): Chunk {
    const current = this.#current;
    const count = bodies.length;
    const room = current === undefined || current.bodies + count > current.ends.length ? 0 : current.bytes.length - current.used;
    let units = 0;
    for (const body of bodies) units += bodyLength(body);
    if (current !== undefined && units * bytesPerUnitMax <= room) return current;
    // Counted only where the estimate says no, which is once for a chunk.
    const bytes = bodies.reduce((sum, body) => sum + bytesIn(body), 0);
    if (current !== undefined && bytes <= room) return current;
    if (bytes > chunkBytes.large / 4 || count > chunkBytes.small / bodyBytesMin) return this.#spare.takeOwn(bytes, count);
    return this.#current = this.#spare.take(this.#held < backlogBytes && bytes <= chunkBytes.small ? 'small' : 'large');
  }
}

function newChunk(size: Chunk['size'], bytes: Buffer, bodies: number): Chunk {
  return { bytes, size, used: 0, ends: new Uint32Array(bodies), bodies: 0, held: 0 };
}

/** Writes a body at `at`; returns where it ends. */
function writeBody(body: Body, to: Buffer, at: number): number {
  if (typeof body === 'string') return at + to.write(body, at, 'utf8');
  let end = at;
  for (const piece of body) {
    if (typeof piece === 'string') {
      end += to.write(piece, end, 'utf8');
    } else {
      to.set(piece, end);
      end += piece.length;
    }
  }
  return end;
}

function bytesIn(body: Body): number {
  if (typeof body === 'string') return Buffer.byteLength(body);
  let bytes = 0;
  for (const piece of body) bytes += typeof piece === 'string' ? Buffer.byteLength(piece) : piece.length;
  return bytes;
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
    copyShared(head.chunk.bytes.subarray(head.from, end), to, at);
    at += end - head.from;
    first = next;
  }
}
