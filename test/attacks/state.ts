// Attacks on what lies beside the records, and on log and head together: rolled back, forged, replaced, left out.
import { formatKeyName } from '../../src/keys/name.js';
import { encodeKeys } from '../../src/keys/store.js';
import { epochKeyName, formatCheckpoint } from '../../src/checkpoint/seal.js';
import { signNote, signerFrom } from '../../src/checkpoint/signer.js';
import type { SealNotes, Signer } from '../../src/checkpoint/signer.js';
import { decodeHead, encodeHead } from '../../src/log/head.js';
import type { Head } from '../../src/log/head.js';
import { parseSealEvent } from '../../src/log/own.js';
import { segmentName } from '../../src/log/segment.js';
import type { MemoryDisk } from '../verify/memory-disk.js';
import { atLine, both, isCovered, onLine, onSegment } from './attack.js';
import type { Attack, ResidualName, Where } from './attack.js';
import { draw, drawBelow, drawBytes } from './draw.js';
import type { Random } from './draw.js';
import { sealedWith } from './line.js';
import type { Logs } from './logs.js';
import { Forger, keyBehind, keysAt } from './toolkit.js';
import { paths } from './victim.js';
import type { LineRef, Victim } from './victim.js';

const lf = Buffer.from('\n');

function state(name: string, count: (victim: Victim) => number, at: Attack['at']): Attack {
  return { family: 'State', name, on: both, count, at };
}

/** Some changes of a few files, one attempt each. */
function changes(name: string, list: Readonly<Record<string, Change>>): Attack {
  const all = Object.entries(list);
  return state(name, () => all.length, (index, victim, random, logs) => {
    const [what, { by, residual, publicly = false }] = all[index] ?? ['', { by: () => undefined }];
    const disk = victim.disk.copy();
    if (by(disk, victim, random, logs) === 'inapplicable' || sameNodes(disk, victim.disk)) return undefined;
    return { what, publicly, disk: () => disk, ...(residual === undefined ? {} : { residual }) };
  });
}

interface Change {
  readonly by: (disk: MemoryDisk, victim: Victim, random: Random, logs: Logs) => unknown;
  readonly residual?: ResidualName;
  readonly publicly?: boolean;
}

function sameNodes(a: MemoryDisk, b: MemoryDisk): boolean {
  return a.nodes.size === b.nodes.size && [...a.nodes].every(([path, node]) => b.nodes.get(path) === node);
}

/** Every byte of a file with a bit changed. */
function flips(name: string, path: string, publicly: boolean): Attack {
  return state(name, (victim) => victim.disk.file(path).length, (index, victim, random) => {
    const bytes = Buffer.from(victim.disk.file(path));
    bytes[index] = (bytes[index] ?? 0) ^ (1 << drawBelow(random, 8));
    const disk = victim.disk.copy();
    disk.nodes.set(path, bytes);
    return { what: `byte ${index}`, publicly, disk: () => disk };
  });
}

/** The lines up to one, which closes its commit. */
function upTo(victim: Victim, index: number): readonly LineRef[] | undefined {
  const line = victim.lines[index];
  return line === undefined || line.frame.open ? undefined : victim.lines.slice(0, index + 1);
}

/** The state as it really was behind a line, key file and all: what a copy of that moment holds. */
export function stateBehind(victim: Victim, lines: readonly LineRef[]): MemoryDisk {
  const last = lines.at(-1);
  if (last === undefined) throw new Error('a state before the first record');
  return Forger.onto(victim, lines, keysAt(victim, keyBehind(last))).disk();
}

function headOf(victim: Victim): Head {
  const head = decodeHead(victim.disk.file(paths.head));
  if (head === undefined) throw new Error('the head of a log that was just made cannot be read');
  return head;
}

/** Another head in its place, its MAC under this key. */
function withHead(disk: MemoryDisk, victim: Victim, change: Partial<Head>, key: Buffer = victim.loot.stored.step): void {
  disk.nodes.set(paths.head, encodeHead({ ...headOf(victim), ...change }, key));
}

/** Key names so far ahead that nobody could derive them. */
const farNames = ['9007199254740991.9007199254740991', '0.9007199254740991', '9007199254740991.0', '100000.100000', '3999999.0'] as const;

const rolledBack: readonly Attack[] = [
  state('log rolled back', (victim) => victim.lines.length - 1, (index, victim) => {
    const lines = upTo(victim, index);
    if (lines === undefined) return undefined;
    const back = stateBehind(victim, lines);
    return {
      what: `to record ${index + 1}`, publicly: index < victim.covered, where: { seqs: [index + 2, victim.last.seq] },
      disk: () => {
        const { nodes } = victim.disk;
        for (const path of [paths.head, paths.current, paths.checkpoint, paths.link]) {
          back.nodes.set(path, nodes.get(path) ?? Buffer.alloc(0));
        }
        return back;
      },
    };
  }),
  state('head rolled back', (victim) => victim.lines.length - 1, (index, victim) => {
    const lines = upTo(victim, index);
    if (lines === undefined) return undefined;
    const disk = victim.disk.copy();
    disk.nodes.set(paths.head, stateBehind(victim, lines).file(paths.head));
    return { what: `to record ${index + 1}`, publicly: false, residual: 'older_head', disk: () => disk };
  }),
  state('log and head rolled back', (victim) => victim.lines.length - 1, (index, victim) => {
    const lines = upTo(victim, index);
    if (lines === undefined) return undefined;
    const back = stateBehind(victim, lines);
    back.nodes.set(paths.current, victim.disk.file(paths.current));
    return { what: `to record ${index + 1}`, publicly: index < victim.covered, disk: () => back };
  }),
  state('log, head and key file rolled back', (victim) => victim.acknowledged - 1, (index, victim, random) => {
    const lines = upTo(victim, index);
    if (lines === undefined) return undefined;
    const back = stateBehind(victim, lines);
    const isGone = random() < 0.5;
    if (isGone) back.nodes.delete(paths.current);
    return { what: `to record ${index + 1}, the key file ${isGone ? 'gone' : 'of then'}`, publicly: index < victim.covered, residual: 'rollback', disk: () => back };
  }),
];

const forgedHeads: readonly Attack[] = [
  changes('head deleted, blanked, cut', {
    deleted: { by: (disk) => disk.nodes.delete(paths.head) },
    emptied: { by: (disk) => disk.nodes.set(paths.head, Buffer.alloc(0)) },
    blanked: { by: (disk) => disk.nodes.set(paths.head, Buffer.alloc(4096, 0x20)) },
    zeros: { by: (disk) => disk.nodes.set(paths.head, Buffer.alloc(4096)) },
    cut: { by: (disk) => disk.nodes.set(paths.head, disk.file(paths.head).subarray(0, 600)) },
    lengthened: { by: (disk) => disk.nodes.set(paths.head, Buffer.concat([disk.file(paths.head), lf])) },
    'of 100 MB': { by: (disk) => disk.nodes.set(paths.head, Buffer.alloc(100_000_000, 0x20)) },
    'of another log': { by: (disk, _, __, logs) => disk.nodes.set(paths.head, logs.twin.disk.file(paths.head)) },
    'of another history': { by: (disk, victim, _, logs) => (victim === logs.line ? disk.nodes.set(paths.head, logs.fork.disk.file(paths.head)) : 'inapplicable') },
    'as before the first record': { by: (disk, victim) => { withHead(disk, victim, { seq: 0, mac: '0'.repeat(64), segment: '', bytes: 0, key: { epoch: 0, step: 0 } }); } },
    'as before the first record, with its key': {
      by: (disk, victim) => { withHead(disk, victim, { seq: 0, mac: '0'.repeat(64), segment: '', bytes: 0, key: { epoch: 0, step: 0 } }, keysAt(victim, { epoch: 0, step: 0 }).step); },
    },
  }),
  flips('head: a bit flipped', paths.head, false),
  changes('head forged, with a made-up or the current key', {
    'made-up key': { by: (disk, victim, random) => { withHead(disk, victim, {}, drawBytes(random, 32)); } },
    mac: { by: (disk, victim) => { withHead(disk, victim, { mac: 'f'.repeat(64) }); }, publicly: true },
    segment: { by: (disk, victim) => { withHead(disk, victim, { segment: segmentName(1) }); }, publicly: true },
    bytes: { by: (disk, victim) => { withHead(disk, victim, { bytes: headOf(victim).bytes - 1 }); }, publicly: true },
    root: { by: (disk, victim) => { withHead(disk, victim, { root: Buffer.alloc(32) }); }, publicly: true },
    origin: { by: (disk, victim) => { withHead(disk, victim, { origin: 'another' }); }, publicly: true },
    'a later record': { by: (disk, victim) => { withHead(disk, victim, { seq: victim.last.seq + 1 }); }, publicly: true },
    'a record far away': { by: (disk, victim) => { withHead(disk, victim, { seq: 2 ** 53 - 1 }); }, publicly: true },
    'an earlier record': { by: (disk, victim) => { withHead(disk, victim, { seq: victim.last.seq - 1 }); }, publicly: true },
    'a later key': { by: (disk, victim) => { withHead(disk, victim, { key: { epoch: headOf(victim).key.epoch, step: headOf(victim).key.step + 1 } }); }, publicly: true },
    'an earlier key': { by: (disk, victim) => { withHead(disk, victim, { key: { epoch: headOf(victim).key.epoch - 1, step: 0 } }); }, publicly: true },
  }),
  state('head\'s key absurdly far ahead', () => farNames.length, (index, victim) => {
    const [epoch = 0, step = 0] = (farNames[index] ?? '').split('.').map(Number);
    const disk = victim.disk.copy();
    withHead(disk, victim, { key: { epoch, step } });
    return { what: formatKeyName({ epoch, step }), publicly: true, disk: () => disk };
  }),
  state('key names absurdly far ahead', (victim) => farNames.length * (victim.lines.length + 1), (index, victim) => {
    const name = farNames[index % farNames.length] ?? '';
    const line = victim.lines[Math.floor(index / farNames.length)];
    const rename = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('utf8').replace(/"key":"[\d.]+/, `"key":"${name}`));
    if (line !== undefined) return onLine(victim, line, [rename(line.bytes)], `key ${name}`);
    const disk = victim.disk.copy();
    for (const { path, lines } of victim.segments) disk.nodes.set(path, Buffer.concat(lines.map(({ bytes }) => rename(bytes))));
    return { what: `every line under ${name}`, publicly: true, disk: () => disk };
  }),
  state('same-length rewrite of the tail', (victim) => 30 * victim.segments.length, (index, victim, random) => {
    const segment = victim.segments[index % victim.segments.length];
    if (segment === undefined) return undefined;
    const from = segment.lines.length - 1 - drawBelow(random, Math.min(10, segment.lines.length));
    const key = draw(random, [undefined, drawBytes(random, 32), victim.loot.stored.step]);
    const lines = segment.lines.map(({ bytes }, at) => {
      if (at < from) return bytes;
      const text = Buffer.from(bytes.toString('utf8', 0, bytes.length - 1).replace(/"pid":\d/, (match) => (match.endsWith('9') ? '"pid":8' : '"pid":9')));
      return Buffer.concat([key === undefined ? text : sealedWith(text, key), lf]);
    });
    const first = segment.lines[from];
    return first === undefined ? undefined : onSegment(victim, segment, lines, { what: `${segment.name} from record ${first.seq} on`, where: atLine(first), publicly: isCovered(victim, first.seq) });
  }),
];

/** A seal's two notes made anew. */
type Resign = (notes: SealNotes, signers: { readonly identity: Signer; readonly epoch: Signer }) => SealNotes;

const textOf = (note: string): string => note.slice(0, note.lastIndexOf('\n\n') + 1);

const resignings: Readonly<Record<string, Resign>> = {
  'the seal\'s signature stripped': ({ seal, checkpoint }) => ({ seal: `${textOf(seal)}\n`, checkpoint }),
  'the checkpoint\'s epoch signature stripped': ({ seal, checkpoint }) => ({ seal, checkpoint: `${checkpoint.trimEnd().split('\n').slice(0, -1).join('\n')}\n` }),
  'the seal re-made with the current key': ({ seal, checkpoint }, { epoch }) => ({ seal: signNote(textOf(seal), [epoch]), checkpoint }),
  'both re-made with the current keys': ({ seal, checkpoint }, { identity, epoch }) => ({ seal: signNote(textOf(seal), [epoch]), checkpoint: signNote(textOf(checkpoint), [identity, epoch]) }),
  'signed by the identity key instead': ({ seal, checkpoint }, { identity }) => ({ seal: signNote(textOf(seal), [identity]), checkpoint: signNote(textOf(checkpoint), [identity]) }),
  'another next key named': ({ seal, checkpoint }, { epoch }) => ({ seal: seal.replace(/next (\S+\/epoch\/)\d+\+\S+/, (_, name: string) => `next ${name}${epoch.vkey.split('/').at(-1) ?? ''}`), checkpoint }),
};

const replaced: readonly Attack[] = [
  state('seal stripped, or re-made with the current key', (victim) => victim.lines.filter(({ own }) => own === 'seal').length * Object.keys(resignings).length * 2, (index, victim) => {
    const seals = victim.lines.filter(({ own }) => own === 'seal');
    const line = seals[index % seals.length];
    const [what, resign] = Object.entries(resignings)[Math.floor(index / seals.length) % Object.keys(resignings).length] ?? [];
    const event = line === undefined ? undefined : parseSealEvent(line.frame.body);
    if (line === undefined || event === undefined || resign === undefined) return undefined;
    const { stored, identity } = victim.loot;
    const epoch = signerFrom(epochKeyName(identity.origin, event.epoch), stored.signer);
    const signers = { identity: signerFrom(identity.origin, identity.seed), epoch };
    const text = line.bytes.toString('utf8', 0, line.bytes.length - 1).replace(JSON.stringify(event), () => JSON.stringify({ ...event, ...resign(event, signers) }));
    const isKept = index < seals.length * Object.keys(resignings).length;
    const by = isKept ? Buffer.from(text) : sealedWith(Buffer.from(text), stored.step);
    return onLine(victim, line, [Buffer.concat([by, lf])], `${what ?? ''}, its MAC ${isKept ? 'kept' : 'by the stolen key'}`);
  }),
  state('an epoch left out', (victim) => victim.loot.stored.name.epoch * 2, (index, victim) => {
    const epoch = index % victim.loot.stored.name.epoch;
    const sealOnly = index >= victim.loot.stored.name.epoch;
    const isLeftOut = (line: LineRef): boolean => line.frame.key.epoch === epoch && (!sealOnly || line.own === 'seal');
    const first = victim.lines.find(isLeftOut);
    const next = victim.lines.find(({ frame }) => frame.key.epoch > epoch);
    if (first === undefined) return undefined;
    const where: Where = { seqs: [first.seq - 1, next?.seq ?? victim.last.seq] };
    return {
      what: `epoch ${epoch}${sealOnly ? '\'s seal' : ''}`, where, publicly: first.seq <= victim.covered,
      disk: () => {
        const disk = victim.disk.copy();
        for (const { path, lines } of victim.segments) {
          const left = lines.filter((line) => !isLeftOut(line)).map(({ bytes }) => bytes);
          if (left.length === 0) disk.nodes.delete(path);
          else disk.nodes.set(path, Buffer.concat(left));
        }
        return disk;
      },
    };
  }),
  changes('vkey replaced: log.pub', {
    'another epoch key': { by: (disk, { logPub }, _, logs) => disk.nodes.set(paths.logPub, Buffer.from(`${logPub[0]}\n${logs.twin.logPub[1]}\n`)), publicly: true },
    'another log\'s': { by: (disk, _, __, logs) => disk.nodes.set(paths.logPub, logs.twin.disk.file(paths.logPub)), publicly: true },
    'one line': { by: (disk, { logPub }) => disk.nodes.set(paths.logPub, Buffer.from(`${logPub[0]}\n`)), publicly: true },
    'a line more': { by: (disk, { logPub }) => disk.nodes.set(paths.logPub, Buffer.from(`${logPub.join('\n')}\n\n`)), publicly: true },
    emptied: { by: (disk) => disk.nodes.set(paths.logPub, Buffer.alloc(0)), publicly: true },
    absent: { by: (disk) => disk.nodes.delete(paths.logPub), residual: 'convenience' },
  }),
  flips('log.pub: a bit flipped', paths.logPub, true),
  changes('checkpoint replaced', {
    'another log\'s': { by: (disk, _, __, logs) => disk.nodes.set(paths.checkpoint, logs.twin.disk.file(paths.checkpoint)), publicly: true },
    emptied: { by: (disk) => disk.nodes.set(paths.checkpoint, Buffer.alloc(0)), publicly: true },
    'the one before': { by: (disk, victim) => setCheckpoint(disk, victim, 2), residual: 'convenience' },
    'an older one': { by: (disk, victim) => setCheckpoint(disk, victim, 3), publicly: true },
    'another root, by the identity key': { by: (disk, victim) => { forgeCheckpoint(disk, victim, victim.covered, Buffer.alloc(32)); }, publicly: true },
    'a later one, by the identity key': { by: (disk, victim) => { forgeCheckpoint(disk, victim, victim.covered + 5, Buffer.alloc(32)); }, publicly: true },
    absent: { by: (disk) => disk.nodes.delete(paths.checkpoint), residual: 'convenience' },
  }),
  flips('checkpoint: a bit flipped', paths.checkpoint, true),
  changes('audit.jsonl replaced', {
    'a link to the oldest': { by: (disk) => disk.nodes.set(paths.link, { link: segmentName(1) }), publicly: true },
    'a link to /etc/passwd': { by: (disk) => disk.nodes.set(paths.link, { link: '/etc/passwd' }), publicly: true },
    'a link to nowhere': { by: (disk) => disk.nodes.set(paths.link, { link: segmentName(9_999_999) }), publicly: true },
    'a link to the one before': { by: (disk, victim) => disk.nodes.set(paths.link, { link: victim.segments.at(-2)?.name ?? '' }), residual: 'convenience' },
    'a file of its own': { by: (disk) => disk.nodes.set(paths.link, Buffer.from('{"seq":1,"ts":"nothing happened"}\n')), publicly: true },
    'an edited copy': { by: (disk, victim) => disk.nodes.set(paths.link, Buffer.from(disk.file(victim.newest.path).toString('latin1').replace('deploy', 'nothing'), 'latin1')), publicly: true },
    absent: { by: (disk) => disk.nodes.delete(paths.link), residual: 'convenience' },
  }),
  changes('key file replaced', {
    absent: { by: (disk) => disk.nodes.delete(paths.current), residual: 'key_file' },
    damaged: { by: (disk) => disk.nodes.set(paths.current, Buffer.alloc(480, 0x20)), residual: 'key_file' },
    'of another version': { by: (disk) => disk.nodes.set(paths.current, Buffer.from(disk.file(paths.current).toString('latin1').replace('"v":1', '"v":2'), 'latin1')), residual: 'key_file' },
    'called by an older name': {
      by: (disk, { loot: { stored } }) => disk.nodes.set(paths.current, encodeKeys({ ...stored, name: { epoch: 0, step: 0 } })),
    },
    'a step ahead': { by: (disk, { loot: { stored } }) => disk.nodes.set(paths.current, encodeKeys({ ...stored, name: { epoch: stored.name.epoch, step: stored.name.step + 1 } })), publicly: true },
    'far ahead': { by: (disk, { loot: { stored } }) => disk.nodes.set(paths.current, encodeKeys({ ...stored, name: { epoch: 2 ** 50, step: 2 ** 50 } })), publicly: true },
    'the whole directory gone': { by: (disk) => { for (const path of [...disk.nodes.keys()]) if (path.startsWith('/keys/')) disk.nodes.delete(path); }, residual: 'key_file' },
  }),
];

/** The checkpoint of the newest seal (1), the one before it (2), and so on. */
function setCheckpoint(disk: MemoryDisk, victim: Victim, fromEnd: number): unknown {
  const seal = victim.lines.filter(({ own }) => own === 'seal').at(-fromEnd);
  const event = seal === undefined ? undefined : parseSealEvent(seal.frame.body);
  return event === undefined ? 'inapplicable' : disk.nodes.set(paths.checkpoint, Buffer.from(event.checkpoint));
}

function forgeCheckpoint(disk: MemoryDisk, victim: Victim, size: number, root: Buffer): void {
  const { origin, seed } = victim.loot.identity;
  disk.nodes.set(paths.checkpoint, Buffer.from(signNote(formatCheckpoint({ origin, size, root }), [signerFrom(origin, seed)])));
}

export const stateAttacks: readonly Attack[] = [...rolledBack, ...forgedHeads, ...replaced];
