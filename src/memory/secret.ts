// Memory for secrets that are overwritten when they have served. Small buffers live on the collector's own heap, which moves them
// and leaves what they held where they were, and others in a pool with strangers; these do neither.

/** So many bytes, 0, that nothing moves and nothing shares. */
export function secretBuffer(bytes: number): Buffer {
  return Buffer.from(new ArrayBuffer(bytes));
}

/** A copy of a secret. */
export function secretCopy(secret: Uint8Array): Buffer {
  const copy = secretBuffer(secret.length);
  copy.set(secret);
  return copy;
}
