// A body as one text, whatever pieces it is in.
import type { Body } from '../src/log/bodies.js';

export function bodyText(body: Body | undefined): string {
  if (body === undefined || typeof body === 'string') return body ?? '';
  return Buffer.concat(body.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece))).toString('utf8');
}
