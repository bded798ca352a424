// One round of the thief's game: a few moves drawn from all he can do, then a head and keys to fit. Invariant: a round
// after which everything acknowledged is still there, as it was, is no attempt.
import { macTailBytes, splitTail } from '../../src/chain/link.js';
import { Frontier, leafHash } from '../../src/checkpoint/merkle.js';
import { epochKeyName } from '../../src/checkpoint/seal.js';
import { signSeal, signerFrom } from '../../src/checkpoint/signer.js';
import { parseKeyName, successor } from '../../src/keys/name.js';
import { encodeKeys } from '../../src/keys/store.js';
import { encodeHead } from '../../src/log/head.js';
import { ownBody } from '../../src/log/own.js';
import { segmentName } from '../../src/log/segment.js';
import type { MemoryDisk } from '../verify/memory-disk.js';
import type { MemoryAttempt } from './attack.js';
import { draw, drawBelow, drawBytes, drawJunk } from './draw.js';
import type { Random } from './draw.js';
import { anyEdit } from './edits.js';
import { sealedWith } from './line.js';
import { relinked } from './relink.js';
import { Forger, eventBody, landmarksIn } from './toolkit.js';
import { paths, splitLines } from './victim.js';
import type { Victim } from './victim.js';

const lf = Buffer.from('\n');
const movesMax = 4;

/** A segment in his hands. */
interface Piece {
  name: string;
  lines: Buffer[];
}

/** What he has on the table. */
interface Table {
  readonly victim: Victim;
  readonly random: Random;
  readonly disk: MemoryDisk;
  pieces: Piece[];
}

type Move = (table: Table) => void;

function anyPiece({ pieces, random }: Table): Piece {
  return draw(random, pieces);
}

/** A line's MAC kept, made up, or made with the stolen key. */
function anySealing({ victim, random }: Table, text: string): Buffer {
  const key = draw(random, [undefined, drawBytes(random, 32), victim.loot.stored.step]);
  return Buffer.concat([key === undefined ? Buffer.from(text) : sealedWith(Buffer.from(text), key), lf]);
}

/** All lines from a drawn one on, across segments, numbered, linked and MAC'd anew. */
function relink(table: Table, ownNames: boolean): void {
  const all = table.pieces.flatMap(({ lines }) => lines);
  const from = drawBelow(table.random, all.length);
  const before = from === 0 ? undefined : splitTail(all[from - 1]?.subarray(0, -1) ?? lf);
  const after = before === undefined ? { seq: from, mac: '0'.repeat(64) } : { seq: from + firstSeq(table) - 1, mac: before.mac };
  const anew = [...all.slice(0, from), ...relinked(all.slice(from), after, table.victim, ownNames)];
  for (const piece of table.pieces) piece.lines = anew.splice(0, piece.lines.length);
}

function firstSeq({ pieces }: Table): number {
  return Number(/^\{"seq":(\d+)/.exec(pieces[0]?.lines[0]?.toString('latin1', 0, 40) ?? '')?.[1] ?? 1);
}

/** A seal over what stands before it now, signed by the epoch he has, in the place of a line. */
function reseal(table: Table): void {
  const { victim, random } = table;
  const piece = anyPiece(table);
  const at = drawBelow(random, piece.lines.length);
  const older = table.pieces.slice(0, table.pieces.indexOf(piece)).flatMap(({ lines }) => lines);
  const before = [...older, ...piece.lines.slice(0, at)];
  const tree = treeOf(before);
  const { origin, seed } = victim.loot.identity;
  const { name, signer } = victim.loot.stored;
  const notes = signSeal({
    origin, epoch: name.epoch, first: 1 + drawBelow(random, before.length + 1), size: before.length, root: tree.root(), time: '2026-12-31T00:00:00.000Z',
    identity: signerFrom(origin, seed), signer: signerFrom(epochKeyName(origin, name.epoch), signer),
    nextVkey: signerFrom(epochKeyName(origin, name.epoch + 1), drawBytes(random, 32)).vkey,
  });
  const body = ownBody('seal', { epoch: name.epoch, size: before.length, root: tree.root().toString('base64'), ...notes }, 1);
  const text = piece.lines[at]?.toString('utf8') ?? '';
  const [front, back] = [text.slice(0, text.indexOf('"profile"')), text.slice(text.lastIndexOf(',"prev":"'), -1)];
  piece.lines[at] = anySealing(table, front + body.toString('utf8') + back);
}

const moves: Readonly<Record<string, Move>> = {
  edit: (table) => {
    const { lines } = anyPiece(table);
    const at = drawBelow(table.random, lines.length);
    const line = lines[at];
    const text = line === undefined ? undefined : draw(table.random, anyEdit)(line.toString('utf8', 0, line.length - 1), table.random);
    if (text !== undefined) lines[at] = anySealing(table, text);
  },
  delete: (table) => {
    const { lines } = anyPiece(table);
    lines.splice(drawBelow(table.random, lines.length), 1 + drawBelow(table.random, 5));
  },
  double: (table) => {
    const { lines } = anyPiece(table);
    lines.splice(drawBelow(table.random, lines.length), 0, draw(table.random, lines));
  },
  insert: (table) => {
    const { lines } = anyPiece(table);
    lines.splice(drawBelow(table.random, lines.length), 0, anySealing(table, draw(table.random, lines).toString('utf8').trimEnd().replace(/"pid":\d+/, '"pid":1')));
  },
  'cut the end': (table) => {
    table.pieces = table.pieces.slice(0, 1 + drawBelow(table.random, table.pieces.length));
    const last = table.pieces.at(-1);
    if (last !== undefined) last.lines = last.lines.slice(0, 1 + drawBelow(table.random, last.lines.length));
  },
  'drop a segment': (table) => {
    if (table.pieces.length > 1) table.pieces.splice(drawBelow(table.random, table.pieces.length), 1);
  },
  'rename a segment': (table) => { anyPiece(table).name = segmentName(1 + drawBelow(table.random, 400)); },
  'exchange segments': (table) => {
    const [one, other] = [anyPiece(table), anyPiece(table)];
    [one.lines, other.lines] = [other.lines, one.lines];
  },
  'link anew': (table) => { relink(table, false); },
  'link anew under his names': (table) => { relink(table, true); },
  reseal,
  'another genesis': (table) => {
    const forged = splitLines(Forger.anew(table.victim).disk().file(`/log/${segmentName(1)}`))[0];
    if (table.pieces[0] !== undefined && forged !== undefined) table.pieces[0].lines[0] = forged;
  },
  'dress up as retention': (table) => {
    const oldest = table.pieces[0];
    if (oldest === undefined || table.pieces.length < 2) return;
    table.disk.nodes.set(paths.retired, landmarksIn(Buffer.concat(oldest.lines)));
    table.pieces.shift();
  },
  'delete a file': ({ disk, random }) => { disk.nodes.delete(draw(random, [paths.checkpoint, paths.logPub, paths.link])); },
  'make the end look torn': (table) => { table.pieces.at(-1)?.lines.push(drawJunk(table.random, 300)); },
};

function treeOf(lines: readonly Buffer[]): Frontier {
  const tree = Frontier.empty();
  for (const line of lines) tree.append(leafHash(line.subarray(0, -1)));
  return tree;
}

const lineForm = /^\{"seq":(\d{1,15}),"ts":"[^"]*","key":"([\d.]+)\+?"/;

/** A head and a key file for whatever the log ends with now, in the name he has or in the one that follows. */
function finish({ disk, pieces, victim, random }: Table): void {
  const { stored, identity } = victim.loot;
  const last = pieces.at(-1);
  const lines = pieces.flatMap((piece) => piece.lines).filter((line) => line.at(-1) === lf[0]);
  const end = lines.at(-1);
  const [, seq = '1', keyText = '0.0'] = lineForm.exec(end?.toString('latin1', 0, 200) ?? '') ?? [];
  const follows = successor(parseKeyName(keyText) ?? stored.name, end?.includes('"profile":"indelible","kind":"seal"') === true);
  const name = draw(random, [stored.name, follows]);
  const root = treeOf(lines).root();
  const mac = end === undefined ? undefined : splitTail(end.subarray(0, -1))?.mac;
  if (random() < 0.8 && last !== undefined && mac !== undefined && (end?.length ?? 0) > macTailBytes) {
    const bytes = last.lines.filter((line) => line.at(-1) === lf[0]).reduce((sum, line) => sum + line.length, 0);
    const head = { origin: identity.origin, seq: Number(seq), mac, segment: last.name, bytes, root, key: name };
    disk.nodes.set(paths.head, encodeHead(head, stored.step));
  }
  if (random() < 0.3) disk.nodes.delete(paths.current);
  else disk.nodes.set(paths.current, encodeKeys({ ...stored, name, seq: Number(seq), root }));
  if (disk.nodes.has(paths.link)) disk.nodes.set(paths.link, { link: last?.name ?? '' });
}

/** One round; undefined if he has not touched what was acknowledged. */
export function playGame(victim: Victim, random: Random): MemoryAttempt | undefined {
  const disk = Forger.onto(victim).disk();
  const table: Table = { victim, random, disk, pieces: [] };
  for (const { name, path } of victim.segments) {
    if (disk.nodes.has(path)) table.pieces.push({ name, lines: splitLines(disk.file(path)) });
  }
  const before = upToIn(table, victim.acknowledged);
  const coveredBefore = upToIn(table, victim.covered);
  const made: string[] = [];
  for (let left = 1 + drawBelow(random, movesMax); left > 0; left -= 1) {
    if (table.pieces.some(({ lines }) => lines.length === 0)) break;
    const [what, move] = draw(random, Object.entries(moves));
    move(table);
    made.push(what);
  }
  if (random() < 0.3) table.pieces.at(-1)?.lines.push(...relinked([lineOf(eventBody('nothing happened'))], endOf(table), victim, true));
  if (upToIn(table, victim.acknowledged).equals(before)) return undefined;
  const isCoveredTouched = !upToIn(table, victim.covered).equals(coveredBefore);
  finish(table);
  for (const { path } of victim.segments) disk.nodes.delete(path);
  for (const { name, lines } of table.pieces) disk.nodes.set(`/log/${name}`, Buffer.concat(lines));
  return { what: made.join(', '), publicly: isCoveredTouched, disk: () => disk };
}

/** What stands where the records up to one stood. */
function upToIn({ pieces, victim }: Table, seq: number): Buffer {
  const whole = pieces.map(({ name, lines }) => Buffer.concat([Buffer.from(name), ...lines]));
  const lines = victim.lines.filter((line) => line.seq <= seq);
  const segments = new Set(lines.map(({ segment }) => segment)).size;
  return Buffer.concat(whole).subarray(0, lines.reduce((sum, { bytes }) => sum + bytes.length, segments * segmentName(1).length));
}

/** A line that is still to be given its place. */
function lineOf(body: Buffer): Buffer {
  const zeros = '0'.repeat(64);
  return Buffer.from(`{"seq":1,"ts":"2026-12-31T00:00:00.000Z","key":"0.0",${body.toString('utf8')},"prev":"${zeros}","mac":"${zeros}"}\n`);
}

function endOf(table: Table): { readonly seq: number; readonly mac: string } {
  const end = table.pieces.flatMap(({ lines }) => lines).at(-1);
  const seq = Number(lineForm.exec(end?.toString('latin1', 0, 200) ?? '')?.[1] ?? 0);
  return { seq, mac: end === undefined ? '' : splitTail(end.subarray(0, -1))?.mac ?? '0'.repeat(64) };
}
