// Bodies of whole requests, gathered for one commit.
export class Group {
  readonly bodies: Uint8Array[] = [];
  requests = 0;
  /** What they will take in the log. */
  bytes = 0;

  add(body: Uint8Array, lineBytes: number): void {
    this.bodies.push(body);
    this.bytes += lineBytes;
  }
}
