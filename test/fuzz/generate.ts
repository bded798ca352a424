// Requests as they should be: every operation, and events of every shape in the catalogue. Invariant: what comes out is
// right by the protocol but for what is asked to be wrong; mutation does the rest.
import { streams } from '../../src/event/catalogue.js';
import type { Fields } from '../../src/event/field.js';
import type { JsonObject, JsonValue } from '../../src/event/json.js';
import { Shape } from '../../src/event/shape.js';
import type { Type } from '../../src/event/type.js';
import { Variants } from '../../src/event/variants.js';
import { filterNames } from '../../src/wire/message.js';
import { samplesOf } from '../event/samples.js';
import type { Random } from './random.js';

/** One of the shapes, `kind` being what tells it from the others of its profile. */
interface Recipe {
  readonly profile: string;
  readonly make: (random: Random) => Record<string, JsonValue>;
}

/** A value of a type, mostly right. */
function valueOf(type: Type<unknown>, random: Random): JsonValue {
  if (type instanceof Shape) return mapOf(type as Shape<Fields>, random);
  const { good, bad } = samplesOf(type);
  if (random.oneIn(150) && bad.length > 0) return random.pick(bad);
  if (type.label === 'any JSON' && random.oneIn(2)) return anything(random, 3);
  if ((type.label === 'str' || type.label === 'str, not empty') && random.oneIn(2)) return words(random);
  return random.pick(good);
}

function mapOf(shape: Shape<Fields>, random: Random): Record<string, JsonValue> {
  const map: [string, JsonValue][] = [];
  for (const [name, { type, presence }] of Object.entries(shape.fields)) {
    if (presence !== 'required' && random.oneIn(3)) continue;
    if (presence === 'nullable' && random.oneIn(6)) map.push([name, null]);
    else if (!random.oneIn(400)) map.push([name, valueOf(type, random)]);
  }
  if (random.oneIn(6)) map.push([words(random), anything(random, 2)]);
  if (random.oneIn(6)) map.reverse();
  return Object.fromEntries(map);
}

function variantsOf(type: unknown): Shape<Fields>[] {
  return [...(type as Variants<string, Fields, Record<string, Fields>>).shapes.values()];
}

function recipesOf(stream: (typeof streams)[number]): Recipe[] {
  const profile = stream.name;
  const type: Type<unknown> = stream.type;
  if (type instanceof Variants) {
    return variantsOf(type).map((shape) => ({ profile, make: (random) => mapOf(shape, random) }));
  }
  if (!(type instanceof Shape)) throw new Error(`no recipes for ${profile}`);
  const shape = new Shape<Fields>(type.fields as Fields);
  if (stream.kinds === undefined) return [{ profile, make: (random) => mapOf(shape, random) }];
  const inner = shape.fields['event']?.type;
  const [at] = stream.kindAt;
  if (inner instanceof Variants) {
    return variantsOf(inner).map((variant) => ({
      profile, make: (random) => ({ ...mapOf(shape, random), event: mapOf(variant, random) }),
    }));
  }
  return stream.kinds.map((kind) => ({ profile, make: (random) => ({ ...mapOf(shape, random), [at]: kind }) }));
}

/** All shapes there are: 56 kinds of the five systems, and generic. */
export const recipes: readonly Recipe[] = streams.flatMap(recipesOf);

const pieces = [
  'a', 'deploy', ' ', '', '\u0000', '\n', '\u001b[31m', '\u202e', '\u2028', 'é', '漢', '😀', '"', '\\', '/', '~', '\ufeff', '\ufffd', '__proto__', 'constructor',
  'toJSON', '0', '10', '4294967296', 'AKIAIOSFODNN7EXAMPLE', 'password=hunter2hunter2', 'Bearer abcdefghijklmnopqrstuvwxyz012345', '\u007f', '"mac":"', ',"prev":"', '}', '\r\n',
];

function words(random: Random): string {
  let words = random.pick(pieces);
  while (random.oneIn(3)) words += random.pick(pieces);
  return random.oneIn(60) ? words.repeat(random.between(2, 200)) : words;
}

const numbers = [0, 1, -1, 127, 128, -32, -33, 255, 65536, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 0.5, -0, 1e21, 1e-7, 123456789.5];
const longIntegers = [2n ** 53n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n), -(2n ** 53n), 2n ** 53n + 1n];

/** Any JSON value, nested up to `depth` levels. */
export function anything(random: Random, depth: number): JsonValue {
  switch (random.below(depth > 0 ? 8 : 6)) {
    case 0: return null;
    case 1: return random.oneIn(2);
    case 2: return words(random);
    case 3: return random.pick(numbers);
    case 4: return random.pick(longIntegers);
    case 5: return words(random);
    case 6: return Array.from({ length: random.below(4) }, () => anything(random, depth - 1));
    default:
      return Object.fromEntries(Array.from({ length: random.below(4) }, () => [words(random), anything(random, depth - 1)]));
  }
}

/** As a list of numbers, which lies in a frame as the word's letters do: whoever looks at bytes alone takes it for the word. */
function spelled(word: string): readonly number[] {
  return Array.from(word, (letter) => letter.charCodeAt(0));
}

/** Names that are none, and texts that whoever remembers a name by its bytes may take for another. */
const oddProfiles: readonly JsonValue[] = ['indelible', 'nope', 'toString', '', null, 1, 'générique', spelled('generic'), spelled('x0x.exec')];
const oddIds: readonly JsonValue[] = [
  '', 'x'.repeat(128), 'x'.repeat(129), '😀'.repeat(128), '😀'.repeat(129), null, 7, 'générique', 'generic', spelled('generic'),
];

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

/** One entry of an append. */
function entry(random: Random, eventId: () => string): JsonObject {
  const recipe = random.pick(recipes);
  const optional: [string, JsonValue][] = [];
  if (random.oneIn(3)) optional.push(['id', random.oneIn(30) ? random.pick(oddIds) : eventId()]);
  if (random.oneIn(8)) optional.push(['traceparent', random.oneIn(4) ? random.pick([traceparent.toUpperCase(), `${traceparent}-x`, `cc${traceparent.slice(2)}-more`, `ff${traceparent.slice(2)}`, '', null, 1]) : traceparent]);
  if (random.oneIn(20)) optional.push([words(random), anything(random, 2)]);
  const fields: [string, JsonValue][] = [
    ['profile', random.oneIn(100) ? random.pick(oddProfiles) : recipe.profile], ['event', recipe.make(random)], ...optional,
  ];
  if (random.oneIn(5)) fields.reverse();
  return Object.fromEntries(fields);
}

const moments = ['2026-01-01T00:00:00Z', '2999-01-01t00:00:00.5+01:00', '2026-02-30T00:00:00Z', '2026-01-01T24:00:00Z', '2026-12-31T23:59:60Z', '2026-01-01', 'now', '', 1, null];
const counts: readonly JsonValue[] = [0, 1, 2, 100, 1000, 1001, -1, 0.5, 3.0, -0, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n, '1', null, true, []];

function filters(random: Random): [string, JsonValue][] {
  return Array.from({ length: random.below(3) }, () => {
    const name = random.pick(filterNames);
    if (name === 'since' || name === 'until') return [name, random.pick(moments)];
    return [name, random.oneIn(8) ? random.pick([null, 1, [], '']) : random.pick(['generic', 'deploy', 'success', 'a', words(random)])];
  });
}

/** What the next request is drawn by. */
export interface RequestPlan {
  readonly id: number;
  /** A fresh id for an event, or one that was used before. */
  readonly eventId: () => string;
  readonly tails: boolean;
}

/** One request as a value. */
export function request(random: Random, { id, eventId, tails }: RequestPlan): JsonObject {
  const fields = requestFields(random, eventId, tails);
  fields.splice(random.below(2), 0, ['id', random.oneIn(200) ? random.pick(counts) : id]);
  if (random.oneIn(15)) fields.push([words(random), anything(random, 3)]);
  if (random.oneIn(8)) fields.reverse();
  return Object.fromEntries(fields);
}

function requestFields(random: Random, eventId: () => string, tails: boolean): [string, JsonValue][] {
  if (!random.oneIn(4)) {
    const length = random.oneIn(12) ? random.between(2, 6) : 1;
    const events = Array.from({ length }, () => entry(random, eventId));
    const dropped: [string, JsonValue][] = random.oneIn(25) ? [['dropped', random.pick(counts)]] : [];
    return [['op', random.oneIn(300) ? spelled('append') : 'append'], ['events', events], ...dropped];
  }
  const draw = random.below(tails ? 8 : 7);
  switch (draw) {
    case 0: return [['op', 'status']];
    case 1: return [['op', 'checkpoint']];
    case 2: return [['op', 'hello'], ['v', random.oneIn(4) ? random.pick(counts) : 1], ...(random.oneIn(2) ? [['client', random.oneIn(6) ? 1 : 'x/1'] as [string, JsonValue]] : [])];
    case 3: return [['op', 'prove'], ['seq', random.pick(counts)]];
    case 4: return [['op', random.pick(['', 'Append', 'nope', '__proto__', 'toString', 'append\u0000', spelled('append'), spelled('status')])]];
    case 5:
    case 6: return [['op', 'recent'], ...(random.oneIn(2) ? [['limit', random.pick(counts)] as [string, JsonValue]] : []), ...(random.oneIn(3) ? [['before', random.pick(counts)] as [string, JsonValue]] : []), ...filters(random)];
    default: return [['op', 'tail'], ...(random.oneIn(2) ? [['from', random.pick(counts)] as [string, JsonValue]] : []), ...filters(random)];
  }
}
