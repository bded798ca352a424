// `indelible emit`: one event from flags, or JSON lines from stdin. It waits for every acknowledgement: what it counts as
// recorded is durable, and what was refused is named by its line.
import { fstatSync } from 'node:fs';
import { Command, Option } from '@commander-js/extra-typings';
import type { Client, ClientEvent } from '../client/client.js';
import { printable } from '../event/printable.js';
import { withClient } from './connection.js';
import { isCommandLineText } from './command-line.js';
import { emitLines } from './emit-lines.js';
import { exitCodes } from './exit.js';
import { jsonFrom, objectFrom } from './json-argument.js';
import { print, say } from './terminal.js';

export function emitCommand(): Command {
  return new Command('emit')
    .summary('record an event, or JSON lines from stdin')
    .description('Records one event given by flags or --json; without either, one event for each line of JSON on stdin.')
    .option('--action <text>', 'what was done')
    .addOption(new Option('--outcome <outcome>', 'how it ended').choices(['success', 'failure', 'denied'] as const))
    .option('--actor <text>', 'who did it')
    .option('--resource <text>', 'what it was done to')
    .option('--session-id <text>', 'the session it belongs to')
    .option('--detail <json>', 'anything else, as JSON')
    .option('--duration-ms <ms>', 'how long it took')
    .option('--json <event>', 'the whole event, as JSON')
    .option('--profile <name>', 'the event\'s profile', 'generic')
    .option('--id <id>', 'recorded once under this id, however often it is sent')
    .option('--traceparent <text>', 'W3C trace context')
    .option('--receipts <file>', 'append receipts to this file, for "indelible verify --receipts"')
    .option('--socket <path>', 'the daemon\'s socket')
    .addHelpText('after', [
      '', 'Lines on stdin end in LF or CR LF. Ctrl-C ends the reading; what was sent is waited for and counted.',
      '', 'Exit status: 0 everything is durable, 1 something was refused or not acknowledged, a receipt not written, stdin',
      'not read to its end, or it was stopped, 2 wrong usage.', '', 'Examples:',
      '  indelible emit --action deploy --outcome success --actor ci --resource web-1',
      '  indelible emit < events.jsonl',
    ].join('\n'))
    .action(async ({ socket, receipts, profile, id, traceparent, json, ...fields }) => {
      let event: ClientEvent | undefined;
      try {
        if (!isCommandLineText()) throw new Error('the command line is not UTF-8, so what it says could not be recorded as it is');
        event = eventFrom(json, fields);
        // Node takes a directory for an empty stream.
        if (event === undefined && fstatSync(0).isDirectory()) throw new Error('stdin is a directory, which holds no lines: name a file in it');
        if (event === undefined && id !== undefined) throw new Error('--id is for one event; those on stdin have ids of their own');
      } catch (error) {
        say(`indelible: ${error instanceof Error ? error.message : String(error)}`);
        process.exitCode = exitCodes.usage;
        return;
      }
      // Who only forgot what to record would else wait for what waits for him.
      if (event === undefined && process.stdin.isTTY) say('indelible: one event a line, as JSON; Ctrl-D ends');
      await withClient({ socket, receipts }, async (client) => {
        const status = await (event === undefined ? emitLines(client, { profile, traceparent })
          : emitOne(client, event, { profile, id, traceparent }));
        return await keptReceipts(client) ? status : exitCodes.failed;
      });
    });
}

/** Whether every receipt that was to be kept is; says it if not. */
async function keptReceipts(client: Client): Promise<boolean> {
  await client.flush();
  const { receipts } = client;
  const missing = (receipts?.waiting ?? 0) + (receipts?.lost ?? 0);
  if (missing === 0) return true;
  say(`indelible: ${missing} receipts could not be written: ${printable(receipts?.error?.message ?? 'too many waited')}; the events are recorded`);
  return false;
}

interface Fields {
  readonly action?: string | undefined;
  readonly outcome?: string | undefined;
  readonly actor?: string | undefined;
  readonly resource?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly detail?: string | undefined;
  readonly durationMs?: string | undefined;
}

/** The event that the flags describe; undefined when there is none, and stdin is to be read. @throws Error */
function eventFrom(json: string | undefined, fields: Fields): ClientEvent | undefined {
  const given = Object.values(fields).some((value) => value !== undefined);
  if (json !== undefined) {
    if (given) throw new Error('--json is the whole event; give either it or the single fields');
    return objectFrom(json, '--json');
  }
  if (!given) return undefined;
  const { action, outcome, actor, resource, sessionId, detail, durationMs } = fields;
  const event = {
    action, outcome, actor, resource, session_id: sessionId,
    detail: detail === undefined ? undefined : jsonFrom(detail, '--detail'),
    duration_ms: durationMs === undefined ? undefined : milliseconds(durationMs),
  };
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
}

function milliseconds(text: string): unknown {
  if (!/^\d+$/.test(text)) throw new Error(`--duration-ms should be a whole number of milliseconds, found ${printable(text)}`);
  return jsonFrom(text, '--duration-ms');
}

async function emitOne(
  client: Client, event: ClientEvent,
  options: { readonly profile: string; readonly id: string | undefined; readonly traceparent: string | undefined },
): Promise<number> {
  const { first, mac, ts, duplicates } = await client.append(event, options);
  const [duplicate] = duplicates;
  const receipt = duplicate === undefined ? { seq: first, mac, ts } : { seq: duplicate[1], mac: duplicate[2], duplicate: true };
  await print(JSON.stringify(receipt));
  return exitCodes.ok;
}
