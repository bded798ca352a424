// A map whose tag says which further fields it has. Invariant: the tag is the first field, then what all variants have,
// then the variant's own.
import type { FieldValues, Fields, Flat } from './field.js';
import { required } from './field.js';
import { type JsonMap, type JsonObject, type JsonValue, isJsonMapping } from './json.js';
import { type JsonText, startsWith } from './pass.js';
import { Shape, fieldOf } from './shape.js';
import type { Mint, Type } from './type.js';
import { oneOf } from './type.js';
import { Violation, aMap } from './violation.js';

/** What a TypeScript caller may pass: one of the variants, told apart by its tag. */
export type VariantValues<Tag extends string, Common extends Fields, Kinds extends Readonly<Record<string, Fields>>> = {
  [K in keyof Kinds]: Flat<Readonly<Record<Tag, K>> & FieldValues<Common> & FieldValues<Kinds[K]>>
}[keyof Kinds];

/** The type of a map that is one of `kinds` by the word under `tag`, and has the `common` fields whichever it is. */
export class Variants<Tag extends string, Common extends Fields, Kinds extends Readonly<Record<string, Fields>>>
implements Type<VariantValues<Tag, Common, Kinds>, JsonObject | JsonMap> {
  readonly tag: Tag;
  readonly shapes: ReadonlyMap<string, Shape<Fields>>;
  readonly label: string;
  readonly expected = aMap;
  declare readonly value?: VariantValues<Tag, Common, Kinds>;
  readonly #tagExpected: string;
  /** How the JSON text of each begins whose tag comes first. */
  readonly #begins: readonly (readonly [Buffer, Shape<Fields>])[];

  constructor(tag: Tag, common: Common, kinds: Kinds) {
    this.tag = tag;
    this.shapes = new Map(Object.entries(kinds).map(([kind, fields]) => (
      [kind, new Shape({ [tag]: required(oneOf([kind])), ...common, ...fields })])));
    this.label = `by its \`${tag}\``;
    this.#begins = [...this.shapes].map(([kind, shape]) => [Buffer.from(JSON.stringify({ [tag]: kind }).slice(0, -1)), shape]);
    this.#tagExpected = `one of ${Object.keys(kinds).join(', ')}`;
  }

  take(value: JsonValue, mint: Mint): JsonObject | JsonMap | Violation {
    if (!isJsonMapping(value)) return Violation.unexpected(this.expected, value);
    const kind = fieldOf(value, this.tag);
    const shape = typeof kind === 'string' ? this.shapes.get(kind) : undefined;
    return shape === undefined ? Violation.unexpected(this.#tagExpected, kind).within(this.tag) : shape.take(value, mint);
  }

  pass(json: JsonText, at: number): number {
    for (const [begin, shape] of this.#begins) if (startsWith(json.bytes, at, begin)) return shape.pass(json, at);
    return -1;
  }
}
