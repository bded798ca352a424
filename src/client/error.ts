// What an append or a question can end with instead of its answer.
import { WireError } from '../wire/error.js';
import type { ErrorCode, ErrorReply } from '../wire/message.js';

/**
 * A code of the daemon's, or the client's own: `closed` (this client was closed), `timeout`, `aborted`,
 * `not_connected` (no daemon to be reached), `protocol` (the daemon said what it must not say).
 */
export type ClientErrorCode = ErrorCode | 'closed' | 'timeout' | 'aborted' | 'not_connected' | 'protocol';

/** What is known of it besides its code and message. */
export interface ClientErrorDetails {
  readonly index?: number | undefined;
  readonly path?: string | undefined;
  readonly mayBeRecorded?: boolean | undefined;
  readonly cause?: unknown;
}

/** The client's only exception: `index` is the caller's event, `path` the JSON pointer into it. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  readonly index: number | undefined;
  readonly path: string | undefined;
  /**
   * Of an append: whether its events, or some of them, may be in the log all the same, because it was sent and the answer
   * did not come. Where this is false, none of them is there.
   */
  readonly mayBeRecorded: boolean;

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.index = details.index;
    this.path = details.path;
    this.mayBeRecorded = details.mayBeRecorded ?? false;
  }
}

/** The daemon's refusal as an exception; `index` is the event's place among the caller's own. */
export function refusal(error: ErrorReply, { index = error.index, ...more }: ClientErrorDetails = {}): ClientError {
  return new ClientError(error.code, error.message, { path: error.path, ...more, index });
}

/** What the caller gave and the wire cannot carry, or what its own code threw meanwhile; `index` is the event's place. */
export function unencodable(code: 'invalid_event' | 'bad_request', cause: unknown, index?: number): ClientError {
  const message = cause instanceof Error ? cause.message : String(cause);
  const wire = cause instanceof WireError ? cause : undefined;
  const isTooLarge = wire?.code === 'too_large';
  const why = !isTooLarge ? code : code === 'invalid_event' ? 'event_too_large' : 'frame_too_large';
  return new ClientError(why, message, { index, path: isTooLarge ? undefined : wire?.path, cause });
}

/** An append that no request can hold; it may be recorded by a daemon that took more. */
export function tooManyEvents(events: number, eventsMax: number, mayBeRecorded = false): ClientError {
  return new ClientError('too_many_events', `${events} events, at most ${eventsMax} in one append`, { mayBeRecorded });
}

/** An append or a question that no request can hold. */
export function frameTooLarge(bytes: number, bytesMax: number, mayBeRecorded = false): ClientError {
  return new ClientError('frame_too_large', `${bytes} bytes, at most ${bytesMax} in one request`, { mayBeRecorded });
}

/** Whether the same request may well be accepted later: the daemon's state was the reason, not the request. */
export function isRetryable(code: ClientErrorCode): boolean {
  switch (code) {
    case 'rate_limited': case 'overloaded': case 'disk_full': case 'write_failed': case 'shutting_down':
    case 'slow_consumer': case 'not_connected':
      return true;
    default: return false;
  }
}
