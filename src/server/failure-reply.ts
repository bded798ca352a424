// What a client is told when the log did not take its events.
import type { LogError } from '../log/failure.js';
import type { ErrorReply } from '../wire/message.js';

/** When a full disk, or a daemon that is going, is worth another try, ms: somebody has to make room. */
export const diskFullRetryMs = 1000;

/** What a client is told when the log did not take its events. */
export function failureReply(error: LogError): Omit<ErrorReply, 'op' | 'id'> {
  switch (error.code) {
    case 'disk_full': return { code: 'disk_full', message: error.message, retry_after_ms: diskFullRetryMs };
    case 'write_failed':
    case 'tampered':
      return { code: 'write_failed', message: error.message };
    case 'refused': return { code: 'shutting_down', message: error.message, retry_after_ms: diskFullRetryMs };
    default: return error.code satisfies never;
  }
}
