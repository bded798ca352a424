// What the log looks like right behind one record: what a head, a checkpoint or a key file is compared with.
import type { Frontier } from '../checkpoint/merkle.js';
import type { KeyName } from '../keys/name.js';
import type { Link } from '../log/record.js';

/** The log right behind one record. */
export interface Snapshot extends Link {
  readonly open: boolean;
  /** The key of the next line, in which the head's MAC is made. */
  readonly next: KeyName;
  readonly segment: string;
  /** The segment's length behind the record. */
  readonly bytes: number;
  /** Undefined where damage has made it unknown. */
  readonly tree: Frontier | undefined;
  /** The key of that name; undefined without the verification key. */
  readonly step: Buffer | undefined;
}
