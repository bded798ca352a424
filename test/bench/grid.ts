// What is measured: how many connections, how many events each has in flight, how many events a request holds.
/** `inFlight`: events of one connection. */
export interface Cell {
  readonly sync: 'line' | 'group';
  readonly connections: number;
  readonly inFlight: number;
  readonly batch: number;
}

const shapes = [[1, 1], [1, 64], [50, 1], [4, 1024]] as const;
const batches = [1, 16, 256] as const;

/** All of it. */
export const fullGrid: readonly Cell[] = (['line', 'group'] as const).flatMap((sync) => shapes.flatMap(([connections, inFlight]) => (
  batches.map((batch) => ({ sync, connections, inFlight, batch })))));

/** What says the most in the least time. */
export const quickGrid: readonly Cell[] = [
  { sync: 'line', connections: 1, inFlight: 1, batch: 1 },
  { sync: 'line', connections: 1, inFlight: 64, batch: 1 },
  { sync: 'group', connections: 1, inFlight: 64, batch: 1 },
  { sync: 'group', connections: 50, inFlight: 1, batch: 1 },
  { sync: 'group', connections: 4, inFlight: 1024, batch: 1 },
  { sync: 'group', connections: 4, inFlight: 1024, batch: 256 },
];

/** Requests that one connection has in flight: at least one, whatever its size. */
export function requestsInFlight({ inFlight, batch }: Cell): number {
  return Math.max(1, Math.floor(inFlight / batch));
}

/** Lines that the floor puts under one fdatasync to be comparable: all that may wait while the disk is busy. */
export function floorGroup(cell: Cell): number {
  return cell.sync === 'line' ? 1 : cell.connections * requestsInFlight(cell) * cell.batch;
}

/** `4 x 1024`. */
export function shapeOf({ connections, inFlight }: Cell): string {
  return `${connections} x ${inFlight}`;
}
