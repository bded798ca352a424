/**
 * What the log's own landmarks must say: genesis at record 1, a header at the top of every later segment. Invariant:
 * every value is compared with what was computed from the log before it, never the other way round.
 */
import type { Frontier } from '../checkpoint/merkle.js';
import type { Verifier } from '../checkpoint/note.js';
import { noPrevious } from '../chain/link.js';
import { formatVersion, formatOf, parseGenesis, parseHeader } from '../log/own.js';
import type { Genesis, ReadHeader } from '../log/own.js';
import { isOwnBody } from '../log/record.js';
import type { Frame } from '../log/record.js';
import type { Facts } from './facts.js';
import type { Fault } from './finding.js';

/** `"profile":"indelible","kind":"…"`: kinds are short, and a longer one has no effect anyway. */
const kindBytesMax = 80;
const kindForm = /^"profile":"indelible","kind":"([a-z_]+)"/;

/** The kind of one of the log's own records; undefined for a client's, whatever that calls itself. */
export function ownKindOf(body: Buffer): string | undefined {
  return isOwnBody(body) ? kindForm.exec(body.toString('latin1', 0, Math.min(body.length, kindBytesMax)))?.[1] : undefined;
}

/** A format in a genesis or header that this version does not read; undefined when it does. */
export function foreignFormat(body: Buffer): number | undefined {
  const format = isOwnBody(body) ? formatOf(body) : undefined;
  return format === formatVersion ? undefined : format;
}

function samePub(a: readonly [string, string], b: readonly [string, string]): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

/** A genesis and what is wrong with it; undefined if it cannot be read. */
export interface CheckedGenesis {
  readonly faults: readonly Fault[];
  readonly genesis: Genesis | undefined;
}

/** A header and what is wrong with it; undefined if it cannot be read. */
export interface CheckedHeader {
  readonly faults: readonly Fault[];
  readonly header: ReadHeader | undefined;
}

/** Checks a record that calls itself genesis. */
export function checkGenesis(frame: Frame, facts: Facts): CheckedGenesis {
  const faults: Fault[] = [];
  const wrong = (message: string): void => { faults.push({ code: 'bad_genesis', message }); };
  if (frame.seq !== 1) wrong(`a genesis stands at record ${frame.seq}; it belongs at record 1 and nowhere else`);
  const genesis = parseGenesis(frame.body);
  if (genesis === undefined) {
    wrong('the genesis is not spelled as the daemon spells one');
    return { faults, genesis };
  }
  if (frame.prev !== noPrevious) wrong('the genesis names a record before it');
  if (frame.key.epoch !== 0 || frame.key.step !== 0) wrong('the genesis is not under key 0.0');
  if (genesis.origin !== facts.origin) wrong(`the genesis is of the log ${genesis.origin}, not of ${facts.origin}`);
  if (!samePub(genesis.log_pub, facts.logPub)) wrong('the genesis names other public keys');
  return { faults, genesis };
}

/** What the log before a header says; `undefined` is what damage has made unknown. */
export interface BeforeHeader {
  readonly facts: Facts;
  readonly genesisMac: string | undefined;
  readonly verifier: Verifier | undefined;
  readonly tree: Frontier | undefined;
  /** Whether the record before it is a seal; undefined if that record is damaged. */
  readonly behindSeal: boolean | undefined;
}

/** Checks a record that calls itself a segment's header. */
export function checkHeader(frame: Frame, before: BeforeHeader): CheckedHeader {
  const faults: Fault[] = [];
  const wrong = (message: string): void => { faults.push({ code: 'bad_header', message }); };
  const header = parseHeader(frame.body);
  if (header === undefined) {
    wrong('the header is not spelled as the daemon spells one');
    return { faults, header };
  }
  const { facts, genesisMac, verifier, tree } = before;
  if (frame.key.step !== 0) wrong(`the header is under key step ${frame.key.step}, not under the first of an epoch`);
  if (before.behindSeal === false) wrong('the record before the header is not a seal');
  if (header.origin !== facts.origin) wrong(`the header is of the log ${header.origin}, not of ${facts.origin}`);
  if (!samePub(header.log_pub, facts.logPub)) wrong('the header names other public keys');
  if (genesisMac !== undefined && header.genesis !== genesisMac) wrong('the header names another genesis');
  if (header.first !== frame.seq) wrong(`the header says its segment begins at record ${header.first}, it stands at ${frame.seq}`);
  if (header.tree_size !== frame.seq - 1) wrong(`the header says ${header.tree_size} records stand before it, these are ${frame.seq - 1}`);
  if (verifier !== undefined && header.epoch_vkey !== verifier.vkey) wrong('the header names another key of its epoch than the seal before it');
  if (tree !== undefined && !sameTree(header.tree, tree)) wrong('the tree in the header is not that of the records before it');
  return { faults, header };
}

function sameTree(a: Frontier, b: Frontier): boolean {
  return a.size === b.size && a.nodes.every((node, index) => b.nodes[index]?.equals(node) === true);
}

const whitespaceForm = /^[ \t\r]*$/;

/** Why a line is no record, as far as that can be seen. */
export function describeLine(line: Buffer): string {
  const start = line.toString('latin1', 0, 64);
  if (line.length === 0) return 'a blank line';
  if (line[line.length - 1] === 0x0d) return 'the line ends in CR LF; the daemon writes LF alone';
  if (start.startsWith('\xef\xbb\xbf')) return 'the line begins with a byte order mark';
  if (line.includes(0)) return 'the line holds NUL bytes';
  if (line.length <= 64 && whitespaceForm.test(start)) return 'a line of white space';
  if (!start.startsWith('{"seq":')) return 'the line does not begin as a record does';
  return 'the line is not a record in the daemon\'s spelling (cut, merged or edited)';
}
