// What mvm's gate decided about a command: a word, or a map whose one key says which decision it was. Invariant: exactly
// one key, because a map with two would be two decisions.
import { type FieldValues, required } from './field.js';
import { JsonMap, isJsonMapping } from './json.js';
import { closeBrace, startsWith } from './pass.js';
import { Shape } from './shape.js';
import { type Type, text } from './type.js';
import { Violation } from './violation.js';

const blocked = new Shape({ pattern: required(text), reason: required(text) });
const requiresApproval = new Shape({ reason: required(text) });
const decisions: ReadonlyMap<string, Type<unknown>> = new Map<string, Type<unknown>>([
  ['Blocked', blocked], ['RequiresApproval', requiresApproval],
]);

const allow = Buffer.from('"Allow"');
/** How the JSON text of each begins. */
const begins = [...decisions].map(([name, type]) => [Buffer.from(`{${JSON.stringify(name)}:`), type] as const);

export type GateDecision =
  | 'Allow'
  | { readonly Blocked: FieldValues<typeof blocked.fields> }
  | { readonly RequiresApproval: FieldValues<typeof requiresApproval.fields> };

export const gateDecision: Type<GateDecision> = {
  label: ['`"Allow"`', ...[...decisions].map(([name, { label }]) => `{ \`${name}\` ${label} }`)].join(' or '),
  expected: '"Allow" or a map with the one key Blocked or RequiresApproval',
  take(value, mint) {
    if (value === 'Allow') return value;
    if (!isJsonMapping(value)) return Violation.unexpected(this.expected, value);
    const [entry, ...others] = value instanceof Map ? [...value] : Object.entries(value);
    const decision = entry === undefined ? undefined : decisions.get(entry[0]);
    if (entry === undefined || decision === undefined || others.length > 0) return Violation.unexpected(this.expected, value);
    const [name, held] = entry;
    const taken = decision.take(held, mint);
    if (taken instanceof Violation) return taken.within(name);
    if (taken === held) return value;
    return value instanceof Map ? new JsonMap([[name, taken]]) : { [name]: taken };
  },
  pass(json, at) {
    if (startsWith(json.bytes, at, allow)) return at + allow.length;
    for (const [begin, type] of begins) {
      if (!startsWith(json.bytes, at, begin)) continue;
      const end = type.pass(json, at + begin.length);
      return json.bytes[end] === closeBrace ? end + 1 : -1;
    }
    return -1;
  },
};
