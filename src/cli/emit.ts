// `indelible emit`: one event from flags, or JSON lines from stdin. It waits for every acknowledgement: what it counts as
// recorded is durable, and what was refused is named by its line.
import { createInterface } from 'node:readline';
import { Command, Option } from '@commander-js/extra-typings';
import type { Client, ClientEvent } from '../client/client.js';
import { ClientError } from '../client/client.js';
import { parseJson } from '../event/parse.js';
import { printable } from '../event/printable.js';
import { withClient } from './connection.js';
import { exitCodes } from './exit.js';
import { print, progress, quietOnClosedPipe, say } from './terminal.js';

/** Events that wait for their ack at once. */
const underWayMax = 4096;
/** Refused lines named one by one; beyond, they are counted. */
const namedMax = 20;
/** How often the progress line is renewed, events. */
const progressEvery = 1000;

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
      '', 'Exit status: 0 everything is durable, 1 something was refused or not acknowledged, or a receipt not written,',
      '2 wrong usage.', '', 'Examples:',
      '  indelible emit --action deploy --outcome success --actor ci --resource web-1',
      '  indelible emit < events.jsonl',
    ].join('\n'))
    .action(async ({ socket, receipts, profile, id, traceparent, json, ...fields }) => {
      quietOnClosedPipe();
      let event: ClientEvent | undefined;
      try {
        event = eventFrom(json, fields);
      } catch (error) {
        say(`indelible: ${error instanceof Error ? error.message : String(error)}`);
        process.exitCode = exitCodes.usage;
        return;
      }
      await withClient({ socket, receipts }, async (client) => {
        const emitted = event === undefined ? emitLines(client, profile) : emitOne(client, event, { profile, id, traceparent });
        const status = await emitted;
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
    duration_ms: durationMs === undefined ? undefined : jsonFrom(durationMs, '--duration-ms'),
  };
  return Object.fromEntries(Object.entries(event).filter(([, value]) => value !== undefined));
}

function jsonFrom(text: string, where: string): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw new Error(`${where} is not JSON: ${printable(error instanceof Error ? error.message : String(error))}`, { cause: error });
  }
}

function objectFrom(text: string, where: string): ClientEvent {
  const value = jsonFrom(text, where);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${where} is not a JSON object`);
  return value as ClientEvent;
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

/** Sends every line, keeps going past refusals, and says at the end what became of them. */
async function emitLines(client: Client, profile: string): Promise<number> {
  const tally = { recorded: 0, refused: 0 };
  const underWay = new Set<Promise<void>>();
  let line = 0;
  const refuse = (number: number, error: unknown): void => {
    tally.refused += 1;
    if (tally.refused > namedMax) return;
    const code = error instanceof ClientError ? `${error.code}: ` : '';
    progress('');
    say(`line ${number}: ${code}${printable(error instanceof Error ? error.message : String(error))}`);
  };
  for await (const text of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    line += 1;
    const number = line;
    if (text.trim() === '') continue;
    const send = async (): Promise<void> => {
      try {
        await client.append(objectFrom(text, 'the line'), { profile });
        // Once each, however often it was sent: every line has an id of its own.
        tally.recorded += 1;
        if (tally.recorded % progressEvery === 0) progress(`${tally.recorded} recorded, ${tally.refused} refused`);
      } catch (error) {
        refuse(number, error);
      }
    };
    const sent = send();
    underWay.add(sent);
    void sent.finally(() => underWay.delete(sent));
    if (underWay.size >= underWayMax) await Promise.race(underWay);
  }
  await Promise.all(underWay);
  progress('');
  if (tally.refused > namedMax) say(`and ${tally.refused - namedMax} more`);
  await print(JSON.stringify(tally));
  return tally.refused === 0 ? exitCodes.ok : exitCodes.failed;
}
