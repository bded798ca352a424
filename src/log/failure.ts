/**
 * What can go wrong with a log, as the rest of the program has to tell it apart: a disk without space, which passes,
 * a disk that failed, which ends this process, and a log that must not be extended, which ends every next one too.
 */
import { errorCode } from '../disk/disk.js';

/**
 * `disk_full`: nothing was written, try again. `write_failed`: the file is finished. `refused`: see the finding. `tampered`: it
 * was ours and open, and somebody else changed it.
 */
export type LogErrorCode = 'disk_full' | 'write_failed' | 'refused' | 'tampered';

/** The log room's one error. */
export class LogError extends Error {
  readonly code: LogErrorCode;
  /** The system call or the finding's name. */
  readonly what: string;

  constructor(code: LogErrorCode, what: string, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LogError';
    this.code = code;
    this.what = what;
  }
}

/** What of it passes from one thread to another, which an error would leave its cause's code behind on the way. */
export interface ToldError {
  readonly code: LogErrorCode;
  readonly what: string;
  readonly message: string;
  /** Node's error code of what it goes back to (`EROFS`), if that had one. */
  readonly errno: string | undefined;
}

export function tell({ code, what, message, cause }: LogError): ToldError {
  return { code, what, message, errno: errorCode(cause) };
}

/** The error that was told, with a cause of the same code. */
export function asTold({ code, what, message, errno }: ToldError): LogError {
  return new LogError(code, what, message, errno === undefined ? undefined : Object.assign(new Error(errno), { code: errno }));
}

/** What has no room, for a person: each is mended elsewhere. */
const noSpace: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full'], ['EDQUOT', 'the quota on the disk is used up'], ['EFBIG', 'the file may not become larger'],
]);
/** Of them, those that room on the disk would help; a limit on one file's size is not among them. */
const noRoom = new Set(['ENOSPC', 'EDQUOT']);
/** Descriptors run out and come back, too. */
const noDescriptor = new Set(['EMFILE', 'ENFILE']);

/** Whether an error of the disk means that there is no room for more. */
export function isNoSpace(error: unknown): boolean {
  return noSpace.has(errorCode(error) ?? '');
}

/** What has no room by such an error, with the system's code. */
export function noSpaceText(error: unknown): string {
  const code = errorCode(error) ?? '';
  return `${noSpace.get(code) ?? 'the disk is full'} (${code})`;
}

/** Whether something found no room and may be tried again. */
export function isPutOff(error: unknown): boolean {
  return error instanceof LogError && error.code === 'disk_full';
}

/** Whether the disk itself, or its owner's part of it, is full. */
export function isOutOfRoom(error: LogError): boolean {
  return error.code === 'disk_full' && noRoom.has(errorCode(error.cause) ?? '');
}

/**
 * What a failed open, or the making of a name, comes to: a shortage that passes, or the end. A failed fsync is the end
 * whatever its reason: the kernel tells of a lost page once, and the next fsync would say that all is well.
 */
export function shortageOr(error: unknown, call: string, message: string): LogError {
  const isShortage = isNoSpace(error) || noDescriptor.has(errorCode(error) ?? '');
  return isShortage && !isSync(error) ? new LogError('disk_full', call, `${message}: ${reasonOf(error)}`, error) : writeFailed(call, error);
}

function isSync(error: unknown): boolean {
  return isSystemError(error) && (error.syscall === 'fsync' || error.syscall === 'fdatasync');
}

function isSystemError(error: unknown): error is Error & { readonly syscall: string } {
  return error instanceof Error && 'syscall' in error && typeof error.syscall === 'string';
}

/** What an error says of itself, the code with it that Node has no name for. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  return code === undefined || text.startsWith(code) ? text : `${code}: ${text}`;
}

/** A failed call of the disk, final for this process. */
export function writeFailed(call: string, error: unknown): LogError {
  if (error instanceof LogError) return error;
  return new LogError('write_failed', call, `${call} failed: ${reasonOf(error)}`, error);
}

/** A log that is tampered with or lost. `finding` is a name that stays the same, `message` says where and what next. */
export function refused(finding: string, message: string): LogError {
  return new LogError('refused', finding, message);
}

/** What somebody else did to a log that is open, past mending. */
export function tampered(finding: string, message: string, cause?: unknown): LogError {
  return new LogError('tampered', finding, message, cause);
}

/** Node's error code of what a failure goes back to; `unknown` where it had none. */
export function errnoOf(error: LogError): string {
  return errorCode(error.cause) ?? 'unknown';
}

/** What a file of the log opens as when somebody put something else in its place. */
const notAFile = new Set(['ELOOP', 'EISDIR', 'ENOTDIR', 'ENXIO', 'ESPIPE']);

/** Whatever was thrown, as one of ours. */
export function asLogError(error: unknown): LogError {
  if (error instanceof LogError) return error;
  if (notAFile.has(errorCode(error) ?? '')) return refused('not_a_file', `something else is in a file's place: ${String(error)}`);
  // What the system refused says all by itself; a mistake of ours does not.
  if (isSystemError(error)) return writeFailed(error.syscall, error);
  return new LogError('write_failed', 'internal', error instanceof Error ? (error.stack ?? error.message) : String(error), error);
}
