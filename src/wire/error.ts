// What can go wrong between a value and its bytes, other than a peer's request being refused (that is a value).

/**
 * `unencodable`: a value that has no exact form on the wire; `too_large`: one that takes too many bytes; `bad_reply`: a
 * reply of another shape than the protocol says; `bad_path`: a socket path that the kernel would cut short.
 */
export type WireErrorCode = 'unencodable' | 'too_large' | 'bad_reply' | 'bad_path';

/** The wire's only exception. `path` is a JSON pointer into the value that could not be encoded. */
export class WireError extends Error {
  override readonly name = 'WireError';
  readonly code: WireErrorCode;
  readonly path: string | undefined;

  constructor(code: WireErrorCode, message: string, options?: { readonly path?: string | undefined; readonly cause?: unknown }) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.path = options?.path;
  }
}
