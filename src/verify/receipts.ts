/**
 * Receipts that producers kept: seq and mac of acknowledged records. They are held as numbers and bytes, 40 a piece,
 * sorted once and then walked along with the log. Invariant: each receipt ends as found, mismatched, missing or retired.
 * A `mac` that is there is no proof without the key, before a signed root is over its record: whoever had the log can copy it.
 */
import { macChars } from '../chain/link.js';
import type { Findings } from './finding.js';

/** One receipt. */
export interface Receipt {
  readonly seq: number;
  readonly mac: string;
}

/** Receipts at most: 40 bytes each, and the bound of a typed array's sort in reasonable time. */
export const receiptsMax = 20_000_000;

const macBytes = macChars / 2;
const firstCapacity = 1024;

/** What came of one receipt. */
export interface ReceiptCheck {
  readonly seq: number;
  readonly outcome: 'mismatch' | 'missing';
}

/** The receipt in a line; undefined if it is none. Extra fields do not matter. */
export function parseReceipt(line: string): Receipt | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('seq' in value) || !('mac' in value)) return undefined;
  const { seq, mac } = value;
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) return undefined;
  return typeof mac === 'string' && /^[0-9a-f]{64}$/.test(mac) ? { seq, mac } : undefined;
}

/** All receipts in order of seq, with a finger on the next one. */
export class ReceiptBook {
  #seqs: Float64Array = new Float64Array(firstCapacity);
  #macs: Buffer = Buffer.alloc(firstCapacity * macBytes);
  #order: Uint32Array = new Uint32Array(0);
  #count = 0;
  #at = 0;
  /** Of records with this `mac`, and how many of them are proved. */
  #matched = 0;
  #proved = 0;

  constructor(receipts: Iterable<Receipt>) {
    for (const receipt of receipts) this.#add(receipt);
    this.#order = Uint32Array.from({ length: this.#count }, (_, index) => index);
    this.#order.sort((a, b) => (this.#seqs[a] ?? 0) - (this.#seqs[b] ?? 0));
  }

  #add(receipt: Receipt): void {
    if (this.#count === receiptsMax) throw new RangeError(`more than ${receiptsMax} receipts: give fewer at a time`);
    if (this.#count === this.#seqs.length) {
      const seqs = new Float64Array(this.#count * 2);
      seqs.set(this.#seqs);
      this.#seqs = seqs;
      this.#macs = Buffer.concat([this.#macs, Buffer.alloc(this.#macs.length)]);
    }
    this.#seqs[this.#count] = receipt.seq;
    this.#macs.write(receipt.mac, this.#count * macBytes, 'hex');
    this.#count += 1;
  }

  get count(): number {
    return this.#count;
  }

  /** Those of which the record there has the `mac`. */
  get matched(): number {
    return this.#matched;
  }

  /** How many of these stand under a signed root. */
  get proved(): number {
    return this.#proved;
  }

  /** What was walked so far stands under a signed root. */
  prove(): void {
    this.#proved = this.#matched;
  }

  /** Back to the first, for another try. */
  rewind(): void {
    this.#at = 0;
    this.#matched = 0;
    this.#proved = 0;
  }

  /** The seq that is asked for next; Infinity when none is. */
  get nextSeq(): number {
    const index = this.#order[this.#at];
    return index === undefined ? Number.POSITIVE_INFINITY : this.#seqs[index] ?? Number.POSITIVE_INFINITY;
  }

  /** The seqs asked for from `first` to `last`, ascending. */
  between(first: number, last: number): Float64Array {
    const seqs: number[] = [];
    for (let at = this.#indexOf(first); at < this.#count; at += 1) {
      const seq = this.#seqs[this.#order[at] ?? 0] ?? 0;
      if (seq > last) break;
      seqs.push(seq);
    }
    return Float64Array.from(seqs);
  }

  /** Where in the order the first one at `seq` or behind it stands. */
  #indexOf(seq: number): number {
    let low = 0;
    for (let high = this.#count; low < high;) {
      const middle = Math.floor((low + high) / 2);
      if ((this.#seqs[this.#order[middle] ?? 0] ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many ask for records up to `seq`, which are not read; they are passed over. */
  skipTo(seq: number): number {
    const from = this.#at;
    while (this.nextSeq <= seq) this.#at += 1;
    return this.#at - from;
  }

  /** What the record at `seq` settles: its own receipts, and those of records the log jumped over. */
  see(seq: number, mac: string): readonly ReceiptCheck[] {
    const checks: ReceiptCheck[] = [];
    while (this.nextSeq <= seq) {
      const wanted = this.nextSeq;
      const index = this.#order[this.#at] ?? 0;
      this.#at += 1;
      if (wanted < seq) checks.push({ seq: wanted, outcome: 'missing' });
      else if (this.#macs.toString('hex', index * macBytes, (index + 1) * macBytes) === mac) this.#matched += 1;
      else checks.push({ seq: wanted, outcome: 'mismatch' });
    }
    return checks;
  }

  /** At the end: every receipt still open asks for a record the log does not reach. */
  *rest(): Generator<ReceiptCheck> {
    for (; this.nextSeq < Number.POSITIVE_INFINITY; this.#at += 1) yield { seq: this.nextSeq, outcome: 'missing' };
  }
}

/** Says what a receipt that does not fit means. */
export function reportReceipt(findings: Findings, check: ReceiptCheck): void {
  if (check.outcome === 'mismatch') findings.add('receipt_mismatch', `record ${check.seq} has another MAC than its receipt`, { seq: check.seq });
  else findings.add('receipt_missing', `record ${check.seq}, for which there is a receipt, is not in the log`, { seq: check.seq });
}
