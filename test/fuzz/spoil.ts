// Spoiling a log's files: bytes, lines, fields and whole files. Invariant: the files given are never changed, and the same
// draws spoil them in the same way.
import type { Node } from '../verify/memory-disk.js';
import type { Nodes } from './logs.js';
import { bytesOf } from './logs.js';
import { mutateBytes } from './mutate.js';
import type { Random } from './random.js';

const lineFeed = Buffer.from('\n');
const others = ['/log/retired.jsonl', '/checkpoint', '/log.pub', '/keys/current', '/keys/identity', '/keys/salt', '/log/audit.jsonl', '/log/head'];

const replacements: readonly (readonly [RegExp, readonly string[]])[] = [
  [/"seq":\d+/, ['"seq":0', '"seq":-1', '"seq":9007199254740993', '"seq":1e400', '"seq":"1"', '"seq":01', '"seq": 1', '"seq":null']],
  [/"key":"[^"]*"/, ['"key":"0.0"', '"key":"9007199254740991.9007199254740991"', '"key":"99999999999999999999.0"', '"key":"-1.0"', '"key":null', '"key":"0.1++"', '"key":""']],
  [/"ts":"[^"]*"/, ['"ts":"9999-99-99T99:99:99.999Z"', '"ts":""', '"ts":0']],
  [/"profile":"[^"]*"/, ['"profile":"indelible"', '"profile":"\\u001b[2J"', '"profile":7']],
  [/"kind":"[^"]*"/, ['"kind":"genesis"', '"kind":"segment"', '"kind":"seal"', '"kind":"segment_removed"', '"kind":"\u202e\u001b[31m"', '"kind":{}']],
  [/"(?:size|tree_size|epoch|first|format|bytes|ms)":\d+/, ['"size":9007199254740991', '"tree_size":-1', '"epoch":1e308', '"first":null', '"format":2', '"bytes":"x"', '"ms":[]']],
  [/"(?:root|frontier|origin|segment|epoch_vkey|seal|checkpoint)":(?:"(?:[^"\\]|\\.)*"|\[[^\]]*\])/, ['"root":"AAAA"', '"root":null', '"frontier":[]', '"frontier":["x"]', '"origin":"\\u001b]0;x"', '"segment":"../../etc"', '"seal":""', '"seal":7', '"checkpoint":"— a b\\n"', '"epoch_vkey":"a+b+c"']],
  [/"event":\{/, ['"event":[{', `"event":{"d":${'['.repeat(5000)}${']'.repeat(5000)},`, '"event":{"__proto__":{},', '"event":{"a":"\u001b[2J\u0007\u2028",', '"event":{"a":1e999,', '"event":null,"x":{']],
  [/"source":\{/, ['"source":null,"x":{', '"source":{"listener":"\u001b[2J",', '"source":{"listener":"self",', '"source":[],"y":{']],
  [/"mac":"[0-9a-f]{64}"/, [`"mac":"${'0'.repeat(64)}"`, `"mac":"${'A'.repeat(64)}"`, '"mac":""', '"mac":null']],
  [/"prev":"[0-9a-f]{64}"/, [`"prev":"${'0'.repeat(64)}"`, '"prev":""']],
];

/** The files of a log with something wrong in them. */
export function spoil(nodes: Nodes, random: Random): Nodes {
  const spoiled = new Map(nodes);
  do spoilOne(spoiled, random); while (random.oneIn(4));
  return spoiled;
}

function segmentsOf(nodes: Nodes): string[] {
  return [...nodes.keys()].filter((path) => path.startsWith('/log/0')).sort();
}

function spoilOne(nodes: Map<string, Node>, random: Random): void {
  const segments = segmentsOf(nodes);
  const path = segments.length === 0 || random.oneIn(3) ? random.pick(others) : random.pick(segments);
  const bytes = bytesOf(nodes, path);
  switch (random.below(10)) {
    case 0: nodes.set(path, oddNode(random)); break;
    case 1: nodes.delete(path); break;
    case 2: wholeFiles(nodes, segments, random); break;
    case 3:
    case 4: nodes.set(path, mutateBytes(bytes, random)); break;
    case 5: nodes.set(path, brutal(bytes, random)); break;
    default: nodes.set(path, lines(bytes, random));
  }
}

function oddNode(random: Random): Node {
  return random.pick<Node>(['directory', 'fifo', 'unreadable', { link: '/etc/passwd' }, { link: '00000000000000000001.jsonl' }, { link: '' }, Buffer.alloc(0)]);
}

function wholeFiles(nodes: Map<string, Node>, segments: readonly string[], random: Random): void {
  if (segments.length === 0) return;
  const [one, two] = [random.pick(segments), random.pick(segments)];
  const [first, second] = [nodes.get(one), nodes.get(two)];
  const name = random.pick(['00000000000000000000', '00000000000000000002', '99999999999999999999', '00009007199254740991', '0000000000000000000a']);
  switch (random.below(5)) {
    case 0: if (second !== undefined) nodes.set(one, second); break;
    case 1:
      if (first !== undefined && second !== undefined) nodes.set(one, second).set(two, first);
      break;
    case 2: nodes.set(`/log/${name}.jsonl`, first ?? Buffer.alloc(0)); break;
    case 3:
      nodes.set(`/log/${name}.jsonl`, first ?? Buffer.alloc(0));
      nodes.delete(one);
      break;
    default: nodes.set(random.pick(others), first ?? Buffer.alloc(0));
  }
}

function brutal(bytes: Buffer, random: Random): Buffer {
  const at = random.below(bytes.length + 1);
  switch (random.below(8)) {
    case 0: return bytes.subarray(0, at);
    case 1: return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(random.pick([1, 511, 512, 4096]))]);
    case 2: {
      const zeroed = Buffer.from(bytes);
      zeroed.fill(0, at & ~511, Math.min(bytes.length, (at & ~511) + 512));
      return zeroed;
    }
    case 3: return random.bytes(random.pick([0, 1, 480, 4096]));
    // A line longer than any may be, seldom: it costs.
    case 4:
      if (!random.oneIn(40)) return Buffer.concat([bytes, bytes]);
      return Buffer.concat([bytes.subarray(0, at), Buffer.alloc(17 * 1024 * 1024, 0x61), bytes.subarray(at)]);
    case 5: return Buffer.from(`${'['.repeat(100_000)}\n`);
    case 6: return Buffer.concat([bytes.subarray(0, at), Buffer.from('{"head":{"key":"0.9007199254740991","seq":9007199254740991}}\n'), bytes.subarray(at)]);
    default: return Buffer.concat([Buffer.from('\ufeff'), bytes]);
  }
}

/** Whole lines moved, doubled, taken out, or changed in a field. */
function lines(bytes: Buffer, random: Random): Buffer {
  const all = bytes.toString('latin1').split('\n');
  const at = random.below(all.length);
  const line = all[at] ?? '';
  switch (random.below(8)) {
    case 0: all.splice(at, 1); break;
    case 1: all.splice(at, 0, line); break;
    case 2: all.splice(random.below(all.length), 0, line); break;
    case 3: all[at] = `${line}\r`; break;
    case 4: all.splice(at, random.between(1, 4)); break;
    default: {
      const [form, texts] = random.pick(replacements);
      // As bytes: what stands around it may be no text.
      all[at] = line.replace(form, () => Buffer.from(random.pick(texts)).toString('latin1'));
    }
  }
  const joined = Buffer.from(all.join('\n'), 'latin1');
  return random.oneIn(20) ? Buffer.concat([joined, lineFeed]) : joined;
}
