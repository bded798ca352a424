// What an append or a question can end with instead of its answer.
import { WireError } from '../wire/error.js';
import type { ErrorCode, ErrorReply } from '../wire/message.js';

/**
 * A code of the daemon's, or the client's own: `closed` (this client was closed), `timeout`, `aborted`,
 * `not_connected` (no daemon to be reached), `protocol` (the daemon said what it must not say).
 */
export type ClientErrorCode = ErrorCode | 'closed' | 'timeout' | 'aborted' | 'not_connected' | 'protocol';

/** The client's only exception: `index` is the caller's event, `path` the JSON pointer into it. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;
  readonly index: number | undefined;
  readonly path: string | undefined;

  constructor(
    code: ClientErrorCode, message: string,
    options: { readonly index?: number | undefined; readonly path?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.index = options.index;
    this.path = options.path;
  }
}

/** The daemon's refusal as an exception; `index` is the event's place among the caller's own. */
export function refusal(error: ErrorReply, index = error.index): ClientError {
  return new ClientError(error.code, error.message, { index, path: error.path });
}

/** What the caller gave and the wire cannot carry, or what its own code threw meanwhile; `index` is the event's place. */
export function unencodable(code: ClientErrorCode, cause: unknown, index?: number): ClientError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new ClientError(code, message, { index, path: cause instanceof WireError ? cause.path : undefined, cause });
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
