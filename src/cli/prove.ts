/**
 * `indelible prove`: that a record is under the newest checkpoint, as a C2SP tlog-proof that whoever has the log's public
 * key can check, without the log. Invariant: what is printed was checked here first.
 */
import { writeFileSync } from 'node:fs';
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { leafHash } from '../checkpoint/merkle.js';
import { rootFromPath } from '../checkpoint/proof.js';
import { openCheckpoint } from '../checkpoint/seal.js';
import { decodeHashes, formatTlogProof } from '../checkpoint/tlog-proof.js';
import type { Client, Proof } from '../client/client.js';
import { realDisk } from '../disk/disk.js';
import { printable } from '../event/printable.js';
import { proveRecord } from '../log/prover.js';
import { placesIn } from '../log/segment.js';
import { withClient } from './connection.js';
import { exitCodes } from './exit.js';
import { say } from './terminal.js';

/** For one proof of a large log on a slow disk, ms. */
const proveMs = 600_000;

const helpText = `
The record's own line is what is proven: keep it with --record, and give both to whoever is to be convinced. A record can
be proven as soon as a seal covers it. With --state-dir the files are read, of a copy of the log for instance; the
daemon is not needed.

Exit status: 0 proven, 1 not (not sealed yet, removed, no daemon, a log that was changed), 2 wrong usage, 3 no log.

Examples:
  indelible prove 7 --record record-7.json > record-7.tlog-proof
  indelible verify --proof record-7.tlog-proof --record record-7.json --pub log.pub`;

interface Options {
  readonly socket?: string | undefined;
  readonly stateDir?: string | undefined;
  readonly record?: string | undefined;
  readonly json?: true | undefined;
}

function seqOf(value: string): number {
  const seq = /^[1-9]\d{0,15}$/.test(value) ? Number(value) : 0;
  if (seq < 1 || !Number.isSafeInteger(seq)) throw new InvalidArgumentError('a record\'s seq, from 1.');
  return seq;
}

export function proveCommand(): Command<[number]> {
  return new Command('prove')
    .summary('prove that a record is in the log')
    .description('Prints a proof that the record is under the newest checkpoint: a C2SP tlog-proof.')
    .argument('<seq>', 'the record\'s seq', seqOf)
    .option('--socket <path>', 'the daemon\'s socket')
    .addOption(new Option('--state-dir <dir>', 'prove from these files, without the daemon').conflicts('socket'))
    .option('--record <file>', 'write the record\'s line there')
    .option('--json', 'the line, the path and the checkpoint as one line of JSON')
    .addHelpText('after', helpText)
    .action(async (seq, options) => {
      if (options.stateDir !== undefined) process.exitCode = await proveFromFiles(seq, options.stateDir, options);
      else await withClient(options, async (client) => give(await ask(client, seq), options));
    });
}

function ask(client: Client, seq: number): Promise<Proof> {
  return client.prove(seq, { timeoutMs: proveMs });
}

async function proveFromFiles(seq: number, stateDirectory: string, options: Options): Promise<number> {
  const places = placesIn(stateDirectory);
  try {
    if (realDisk.entry(places.log)?.kind !== 'directory') {
      say(`indelible: there is no log in ${printable(stateDirectory)}: name the state directory with --state-dir`);
      return exitCodes.unverifiable;
    }
    const checkpoint = realDisk.read(places.checkpoint)?.toString('utf8');
    if (checkpoint === undefined) {
      say('indelible: there is no checkpoint: nothing is sealed yet, or the file checkpoint is missing');
      return exitCodes.failed;
    }
    const proved = await proveRecord(places.log, seq, checkpoint);
    switch (proved.kind) {
      case 'proved': {
        const { line, index, size, hashes, note } = proved.proof;
        return give({ line: line.toString('utf8'), index, size, hashes: hashes.map((hash) => hash.toString('base64')), note }, options);
      }
      case 'not_covered': return refuse(`the checkpoint covers records 1 to ${proved.size}, record ${seq} is not among them`);
      case 'removed': return refuse(`record ${seq} is not there any more; the first that is there is ${proved.first}`);
      case 'mismatch': return refuse(`the log on disk is not what was sealed (${proved.reason}): run indelible verify`);
      case 'aborted': return exitCodes.failed;
      default: return proved satisfies never;
    }
  } catch (error) {
    say(`indelible: ${printable(error instanceof Error ? error.message : String(error))}`);
    return exitCodes.unverifiable;
  }
}

function refuse(message: string): number {
  say(`indelible: ${printable(message)}`);
  return exitCodes.failed;
}

/** Prints what was proven, and keeps the record's line; returns the exit status. */
function give(proof: Proof, { record, json }: Options): number {
  const { line, index, size, note } = proof;
  const hashes = decodeHashes(proof.hashes);
  const bytes = Buffer.from(line, 'utf8');
  const checkpoint = openCheckpoint(note, []);
  const root = hashes === undefined ? undefined : rootFromPath(leafHash(bytes), index, size, hashes);
  if (hashes === undefined || checkpoint?.size !== size || root?.equals(checkpoint.root) !== true) {
    return refuse('what the daemon answered proves nothing: its hashes do not lead to its checkpoint');
  }
  if (record !== undefined) {
    try {
      // Records are for readers.
      writeFileSync(record, Buffer.concat([bytes, Buffer.from('\n')]), { mode: 0o600 });
    } catch (error) {
      return refuse(`--record: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  process.stdout.write(json === true ? `${JSON.stringify(proof)}\n` : formatTlogProof({ index, hashes, note }));
  return exitCodes.ok;
}
