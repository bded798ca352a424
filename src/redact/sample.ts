// Made-up characters of the kinds that tokens consist of, for the examples in the table of rules. Invariant: the same
// call gives the same characters, and no example stands in this source in one piece, where a scanner would report it.

const mixedPart = 'Q7mZk2Xv9LpR4tYw8BnC3dFg6HjK5sVe';
const upperPart = 'Q7MZ2XV5LPR4TYWBNC3DFG6HJKSVEUAO';
const lowerPart = 'q7mzk2xv9lpr4tyw8bnc3dfg6hjk5sve';
const hexPart = '9f86d081884c7d659a2feaa0c55ad015';
const digitPart = '73015924868240159637';

function take(part: string, count: number): string {
  return part.repeat(Math.ceil(count / part.length)).slice(0, count);
}

/** Letters of both cases and digits. */
export function mixed(count: number): string {
  return take(mixedPart, count);
}

/** Capital letters and the digits of base 32. */
export function upper(count: number): string {
  return take(upperPart, count);
}

/** Small letters and digits. */
export function lower(count: number): string {
  return take(lowerPart, count);
}

/** Small hex digits. */
export function hex(count: number): string {
  return take(hexPart, count);
}

/** Decimal digits. */
export function digits(count: number): string {
  return take(digitPart, count);
}

/** A UUID, which by itself is no secret. */
export function uuid(): string {
  return hex(32).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
