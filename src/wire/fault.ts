// What can be wrong with the bytes of a payload, as the strict scan names it and as the client is told.
import { depthMax } from './message.js';

/** Values in one event, the event and every map, array and scalar in it counted; keys are not. */
export const eventNodesMax = 10_000;

/** Why a scan failed. The first three say that the bytes are no MessagePack map at all, the others what it holds. */
export type Fault =
  | 'truncated' | 'reserved' | 'key'
  | 'extension' | 'timestamp' | 'binary' | 'not_finite' | 'utf8' | 'depth' | 'nodes';

/** Whether the bytes themselves are broken, so that the whole frame is refused wherever in it they stand. */
export function isMalformed(fault: Fault): boolean {
  return fault === 'truncated' || fault === 'reserved' || fault === 'key';
}

/** The fault in words, for whoever wrote the client. */
export function faultText(fault: Fault): string {
  switch (fault) {
    case 'truncated': return 'the bytes end inside a value';
    case 'reserved': return 'byte 0xc1 is not MessagePack';
    case 'key': return 'a map key that is not a string';
    case 'extension': return 'extension types are not accepted here';
    case 'timestamp': return 'a timestamp that RFC 3339 cannot write';
    case 'binary': return 'binary values are not accepted; send text';
    case 'not_finite': return 'NaN and infinities are not accepted';
    case 'utf8': return 'a string that is not UTF-8';
    case 'depth': return `nested deeper than ${depthMax} levels`;
    case 'nodes': return `more than ${eventNodesMax} values in one event`;
    default: return fault satisfies never;
  }
}
