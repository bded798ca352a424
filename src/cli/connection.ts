// A command's connection to the daemon: made, used and closed, with a person waiting at the other end.
import type { Client } from '../client/client.js';
import { connect } from '../client/client.js';
import { complain } from './terminal.js';
import { version } from './version.js';

/** A person waits no longer than this for a daemon that may not be there, ms. */
const connectMs = 2_000;
/** Nor than this for one that lets in and does not answer: systemd is starting it, and a long log takes a while. ms. */
const startMs = 20_000;
/** What is under way when a command ends may take this long, ms. */
const closeMs = 5_000;

/** How a command's connection is made. */
export interface SocketOption {
  readonly socket?: string | undefined;
  /** Where receipts are kept, for a command that appends. */
  readonly receipts?: string | undefined;
}

/** Runs `work` on a connection; sets the exit status to what it resolves with, or to that of the error. */
export async function withClient(options: SocketOption, work: (client: Client) => Promise<number>): Promise<void> {
  try {
    const client = await connect({
      connectTimeoutMs: connectMs, startTimeoutMs: startMs, client: `indelible-cli/${version}`, socket: options.socket,
      receiptsFile: options.receipts,
    });
    try {
      process.exitCode = await work(client);
    } finally {
      await client.close({ timeoutMs: closeMs });
    }
  } catch (error) {
    process.exitCode = complain(error);
  }
}
