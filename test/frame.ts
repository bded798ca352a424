// One frame, as a client writes it that has no buffers to spare.
import { frameHeaderBytes } from '../src/wire/frame.js';

/** The frame of one payload of 1 byte or more. */
export function encodeFrame(payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  frame.writeUInt32BE(payload.length, 0);
  frame.set(payload, frameHeaderBytes);
  return frame;
}
