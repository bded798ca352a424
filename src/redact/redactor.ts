// Masks secrets in an event before its line is built, so that the JSON cannot break. Invariant: only strings and numbers change,
// each secret to `[redacted:<rule>:<8 hex>]`; map keys, order and everything else stay, and an event without secrets
// comes back as the very object it was.
import { createHmac } from 'node:crypto';
import { type JsonMap, type JsonObject, type JsonValue, JsonMap as OrderedMap, isJsonMapping } from '../event/json.js';
import type { JsonText } from '../event/pass.js';
import { pointerStep } from '../event/pointer.js';
import { type Announced, announcedAt, isPairList, readList } from './argv.js';
import { crowdRule, search } from './detect.js';
import { exposureIn } from './exposure.js';
import { isJsonText, isWhole, looksLikeJson } from './json-text.js';
import { type NameRule, codeRuleOf, entryRule } from './names.js';
import { suspicions } from './rules.js';
import type { Span } from './span.js';

/** An event whose secrets are masked. */
export interface Redaction {
  readonly event: JsonObject | JsonMap;
  /** `<JSON pointer into the event>:<rule>`, each once, in the order of the event. */
  readonly redacted: readonly string[];
}

/** Characters of all entries of a list; an event made to be redacted everywhere must not outgrow its line. */
const listCharsMax = 256 * 1024;
/** The last entry of a list that would outgrow it: more was masked than is listed. */
const unlisted = ':unlisted';

/** Looks at one string; the second nearly always finds nothing. */
const roundsMax = 8;

// Each mask takes a hash: of a string full of assignments they would hold up everybody for a fifth of a second.
/** Secrets of one string; one with more is masked whole. */
const stringSecretsMax = 256;
/** Secrets of one event; beyond, each string that holds any is masked whole. What later rules find counts for itself. */
const eventSecretsMax = 1024;

/** How many of a string's secrets are told apart behind so many of its event. */
function mostOf(found: number): number {
  return found > eventSecretsMax ? 0 : stringSecretsMax;
}

/** The entry that holds what another in the same map names. */
const valueKey = /^val(?:ue)?$/i;

const nothing: readonly string[] = Object.freeze([]);

/** Masks secrets. Equal secrets get equal masks where the salt is the same, and only there. */
export class Redactor {
  readonly #salt: Uint8Array;

  /** @param salt The log's own; who has it can try guesses of a secret against its mask. */
  constructor(salt: Uint8Array) {
    this.#salt = Uint8Array.from(salt);
  }

  /** The event with its secrets masked, or the same object if it has none; the input is never changed. */
  redact(profile: string, kind: string, event: JsonObject | JsonMap): Redaction {
    // This field exists to record the id of the credentials that were given out.
    const recorded = profile === 'tryaudex' && kind === 'credentials_issued' ? '/event/access_key_id' : undefined;
    const walk = new Walk(this.#salt, recorded);
    const masked = walk.mapping(event, '', undefined);
    return walk.redacted.length === 0 ? { event, redacted: nothing } : { event: masked, redacted: walk.redacted };
  }
}

/** The cheap look, over names and values at once: false only of JSON text in which `redact` finds nothing. */
export function mayHoldSecrets(json: JsonText): boolean {
  return suspicions.any(json);
}

/** One walk through one event; on the way back it makes copies of what changed. */
class Walk {
  readonly redacted: string[] = [];
  readonly #salt: Uint8Array;
  readonly #recorded: string | undefined;
  #listChars = 0;
  #first = 0;
  #later = 0;

  constructor(salt: Uint8Array, recorded: string | undefined) {
    this.#salt = salt;
    this.#recorded = recorded;
  }

  mapping(value: JsonObject | JsonMap, pointer: string, around: Announced | undefined): JsonObject | JsonMap {
    const entries = value instanceof Map ? [...value] : Object.entries(value);
    const said = namedBeside(entries);
    const exposure = exposureIn(entries);
    const masked = entries.map(([key, held]): [string, JsonValue] => {
      const rule = entryRule(key) ?? (valueKey.test(key) ? said : null);
      const announced = exposure?.get(key) ?? (rule === null ? within(around, key) ?? codeAt(key, held) : { rule, start: 0 });
      return [key, this.#value(held, pointer + pointerStep(key), announced)];
    });
    if (masked.every(([, now], index) => now === entries[index]?.[1])) return value;
    return value instanceof Map ? new OrderedMap(masked) : Object.fromEntries(masked);
  }

  #value(value: JsonValue, pointer: string, announced: Announced | undefined): JsonValue {
    if (typeof value === 'string') return this.#text(value, pointer, announced);
    if (isSecretNumber(value, announced)) return this.#text(String(value), pointer, announced);
    if (typeof value !== 'object' || value === null) return value;
    return isJsonMapping(value) ? this.mapping(value, pointer, announced) : this.#list(value, pointer, announced, false);
  }

  #list(list: readonly JsonValue[], pointer: string, announced: Announced | undefined, pairs: boolean): readonly JsonValue[] {
    const reading = readList(list, pairs);
    const holdsPairs = isPairList(list);
    const masked = list.map((held, index) => {
      const place = `${pointer}/${index}`;
      return Array.isArray(held) && holdsPairs
        ? this.#list(held as readonly JsonValue[], place, announced, announced === undefined)
        : this.#value(held, place, announced ?? announcedAt(list, index, reading));
    });
    return masked.every((now, index) => now === list[index]) ? list : masked;
  }

  #text(text: string, pointer: string, announced: Announced | undefined): string {
    const isRecorded = pointer === this.#recorded;
    const found = new Set<string>();
    let masked = text;
    // A mask may bare what stood hidden beside the secret: looked at again, until the outcome is what a later look finds.
    for (let round = 0; round < roundsMax; round++) {
      const most = { first: mostOf(this.#first), later: mostOf(this.#later) };
      const { spans, isLater } = search(masked, announced, isRecorded ? 'aws-access-key-id' : undefined, most);
      if (spans.length === 0) break;
      if (isLater) this.#later += spans.length;
      else this.#first += spans.length;
      for (const { rule } of spans) found.add(rule);
      masked = this.#maskAll(masked, spans);
    }
    for (const rule of found) this.#note(`${pointer}:${rule}`);
    return masked;
  }

  #maskAll(text: string, spans: readonly Span[]): string {
    let masked = '';
    let from = 0;
    for (const { start, end, rule } of spans) {
      masked += `${text.slice(from, start)}${this.#mask(rule, text.slice(start, end))}`;
      from = end;
    }
    masked += text.slice(from);
    if (!isWhole(text, spans)) return masked;
    return (spans[0]?.rule === crowdRule ? looksLikeJson(text) : isJsonText(text)) ? `"${masked}"` : masked;
  }

  #mask(rule: string, secret: string): string {
    return `[redacted:${rule}:${createHmac('sha256', this.#salt).update(secret).digest('hex').slice(0, 8)}]`;
  }

  #note(entry: string): void {
    if (this.#listChars > listCharsMax) return;
    this.#listChars += entry.length;
    this.redacted.push(this.#listChars > listCharsMax ? unlisted : entry);
  }
}

// `{"password": {"type": "string", "value": "…"}}`
const innerValueKey = /^(?:val(?:ue)?|data|plain(?:text)?|current|new|old)$/i;
const innerPlainKey = /(?:id|name|type|kind|at|time|date|expir\w*|version|ur[il]|host|path|alg\w*|issuer|scope|digest|hash|size)$/i;

/** What a name says of entry `key` of the map that is its value: unless the key says so, it must look like a secret. */
function within(around: Announced | undefined, key: string): Announced | undefined {
  if (around === undefined || innerPlainKey.test(key)) return undefined;
  return { start: 0, rule: innerValueKey.test(key) ? around.rule : { ...around.rule, vague: true } };
}

/** What a name alone says of digits. Of a map or a list it says nothing: they tell more by themselves. */
function codeAt(key: string, held: JsonValue): Announced | undefined {
  const rule = typeof held === 'string' ? codeRuleOf(key) : null;
  return rule === null ? undefined : { rule, start: 0 };
}

/** Whether a number is a password: `{"password": 12345678}`. */
function isSecretNumber(value: JsonValue, announced: Announced | undefined): value is number | bigint {
  if (announced === undefined || (typeof value !== 'number' && typeof value !== 'bigint')) return false;
  const { rule: { name, vague } } = announced;
  return !vague && (name === 'password' || name === 'secret') && /^\d{4,}$/.test(String(value));
}

/** The rule of the name that stands beside a `value` in the same map: `{"name": "Authorization", "value": "…"}`. */
function namedBeside(entries: readonly (readonly [string, JsonValue])[]): NameRule | null {
  if (!entries.some(([key]) => valueKey.test(key))) return null;
  for (const [key, held] of entries) {
    if (typeof held === 'string' && /^(?:name|key|header|variable)$/i.test(key)) return entryRule(held);
  }
  return null;
}
