// What stands behind a name and a separator and is a part of a program, an operand or a type, or what a tool says instead of a
// value. Invariant: it is asked of bare values only, and what has digits and no bracket is none of it.
import type { NameRule } from './names.js';

/** A bare value; `before` ends with its name and separator, `next` is what follows: some characters of both. */
export interface Operand {
  readonly rule: NameRule;
  readonly name: string;
  readonly value: string;
  readonly before: string;
  readonly next: string;
  /** Behind `:`, else behind `=`. */
  readonly colon: boolean;
}

// `token = (0, util.f)(x)`, `token = ['word', 1]`, `token = !!node`, `token = /** @type … */`.
const beginsOperand = /^(?:[([]|!!?\w|\/\*)/;
// `password = (known after apply)`: it goes on behind a blank.
const openBracket = /^[([][^)\]]*$/;
// `Data: password:  12 bytes`
const sized = /^\d{1,7}$/;
const size = /^ bytes?\b/;
const operand = /^[A-Za-z_$]{1,64}$/;
// `lastComment`, `is_word`, and no letters at random.
const words = /^_*[A-Za-z]?[a-z]+(?:[A-Z_][a-z]+)*$/;
const operandEnd = /^(?:[;,)\]}]|\s*(?:[\r\n]|$))/;
const typeName = /^[A-Z][a-z]+(?:[A-Z][a-z]+)*$/;
// `password: BinaryLike, options: …`: of one word it could be a password.
const longTypeName = /^(?:[A-Z][a-z]+){2,}$/;
const parameterEnd = /^[,)]/;
// `password = new Password(…)`, `$token = $parser->next`.
const keyword = /^(?:new|await|yield|typeof|not)$/;
const variable = /^\$\w{1,64}-$/;
const typeEnd = /^(?:[<,;)}|[]| [=|{}])/;
// `:param access_token: OAuth token`
const documented = /:(?:param|type|arg|var|ivar|keyword)(?: [\w.[\]]{1,32})? [\w.]{1,64}:[ \t]{0,16}$/;

/** What programs have variables for: a password or a secret may be made of words. */
const assigned: ReadonlySet<string> = new Set(['token', 'api-key', 'private-key']);

/** What no program's variable is called, `X-API-Key` and `API_KEY`: of a setting, and of a constant. */
const settingName = /-|^[A-Z0-9_]+$/;

/** Characters before a value that are looked at, and behind it. */
export const operandSideChars = 128;

/** Whether a bare value is a part of a program, or says what would stand there. */
export function isOperand({ rule, name, value, before, next, colon }: Operand): boolean {
  if (openBracket.test(value) && /^\s/.test(next)) return true;
  if (sized.test(value) && size.test(next)) return true;
  if (colon && documented.test(before)) return true;
  if (rule.name !== 'password' && beginsOperand.test(value)) return true;
  if ((keyword.test(value) && /^ [\w(]/.test(next)) || (variable.test(value) && next.startsWith('>'))) return true;
  if (!operand.test(value)) return false;
  if (isNamesake(name, value, next)) return true;
  if (colon && longTypeName.test(value) && parameterEnd.test(next)) return true;
  if (!assigned.has(rule.name) || settingName.test(name)) return false;
  return colon ? typeName.test(value) && typeEnd.test(next) : before.endsWith(' = ') && words.test(value) && operandEnd.test(next);
}

/** `self.token = token`, `login(password=password, …)`: what is assigned is called as what it is assigned to. */
function isNamesake(name: string, value: string, next: string): boolean {
  const last = name.slice(name.lastIndexOf('.') + 1);
  const isSame = last.replace(/^_/, '').toLowerCase() === value.replace(/^_/, '').toLowerCase();
  return isSame && (last !== name || /^(?:[,);]| (?:or|if|\+|\?|\|\|) )/.test(next));
}
