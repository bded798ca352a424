// What stops `exec` before it can decide or run anything.

import { getSystemErrorMap } from 'node:util';

/**
 * `acl`: the ACL file cannot be read, trusted or understood. `identity`: no id can be derived here and none was given.
 * `pipes`: no pipes to be had. `slots`: running commands cannot be counted. `not_recorded`: an event was not acknowledged.
 */
export type ExecErrorCode = 'acl' | 'identity' | 'pipes' | 'slots' | 'not_recorded';

/** The room's only exception. When it is thrown, nothing was run. */
export class ExecError extends Error {
  override readonly name = 'ExecError';
  readonly code: ExecErrorCode;

  constructor(code: ExecErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** What anything thrown says of itself. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** What the system says of its refusal ("permission denied"), or whatever the error says of itself. */
export function systemMessageOf(error: unknown): string {
  const errno = error instanceof Error && 'errno' in error ? Number(error.errno) : 0;
  return getSystemErrorMap().get(errno)?.[1] ?? messageOf(error);
}
