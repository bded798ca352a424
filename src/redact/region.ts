// The value behind a name: how much of a piece of text is the secret. Invariant: what introduces the secret stays, a
// header's scheme before all, and so do quotes and the blanks around it.
import type { NameRule } from './names.js';
import { isPath, isPlaceholder, isProse, looksSecret } from './placeholder.js';

/** What a name says of its value. */
export type NamedAs = Pick<NameRule, 'name' | 'shape' | 'vague' | 'mayBePlace'>;

/** Characters `start` to `end` of a text. */
export interface Region {
  readonly start: number;
  readonly end: number;
}

/** Schemes whose credentials are one word, so that more behind it is not theirs. */
const oneWord = /^(?:bearer|basic|token|bot|apikey|api-key|negotiate|ntlm|jwt|key|oauth|splunk|genie-?key|sso-key|glpat)$/i;
const schemed = /^([A-Za-z][\w-]{0,40})[ \t]{1,16}(?=\S)/;
/** A word of credentials: quotes, blanks and brackets end it. */
const word = /^[^\s"'`,;)}\]<>\\]+/;

const code = /^\d{4,8}$/;

/** Where a shell is, `PWD=/srv/app`. */
const directory = /^(?:~?(?:\/[\w.@ -]*)+|~|[A-Za-z]:[\\\w.@ -]*)$/;
/** Characters that a key for machines has at least. */
const keyCharsMin = 3;

/** Characters within which a cookie's `=` is looked for. */
const cookieNameMax = 1024;

/** What is known of a value from where it stands. */
export interface Standing {
  /** In a sentence or a shell's line, where other words may follow and the name may just be a word. */
  readonly free?: boolean;
  /** An entry of a map or an argument, where nothing is a variable or a template. */
  readonly isGiven?: boolean;
}

/** The secret in characters `start` to `end`, all of which are the value of a name; undefined if there is none. */
export function secretIn(text: string, start: number, end: number, rule: NamedAs, standing: Standing = {}): Region | undefined {
  const { free = false, isGiven = false } = standing;
  const value = text.slice(start, end);
  const isPassword = rule.name === 'password';
  // `pass=1204`, `pass: complete`.
  if (rule.vague && !(isPassword ? /\d/.test(value) && /[^\d.,%/]/.test(value) : looksSecret(value))) return undefined;
  if (!isPassword && isPath(value)) return undefined;
  if (rule.mayBePlace === true && directory.test(value)) return undefined;
  // `accesskey="h"` of a page: a key on the keyboard.
  if (!isGiven && rule.name === 'api-key' && value.length < keyCharsMin) return undefined;
  const from = start + value.length - value.trimStart().length;
  const to = from + value.trim().length;
  switch (rule.shape) {
    case 'plain': return isPlaceholder(value, isGiven) ? undefined : { start: free ? from : start, end: free ? to : end };
    case 'digits': return code.test(value) ? { start, end } : undefined;
    case 'cookie': return !value.slice(0, cookieNameMax).includes('=') || isPlaceholder(value) ? undefined : { start: from, end: to };
    case 'authorization': return credentials(text, from, to, free);
    default: return rule.shape satisfies never;
  }
}

function credentials(text: string, start: number, end: number, free: boolean): Region | undefined {
  const value = text.slice(start, end);
  const [lead, scheme = ''] = schemed.exec(value) ?? [''];
  if (lead === '') {
    const none = isPlaceholder(value) || isProse(value) || oneWord.test(value) || /^(?:[{[(<]|[a-z]{1,16}(?::[a-z]{1,16})?$)/.test(value);
    return none ? undefined : { start, end };
  }
  const secret = value.slice(lead.length);
  if (isPlaceholder(secret) || isPlaceholder(value)) return undefined;
  if (free) {
    if (isProse(scheme) && !oneWord.test(scheme)) return undefined;
    if (!oneWord.test(scheme) && /^[a-z]+$/.test(scheme) && /^[a-z]+(?:[ .,]|$)/.test(secret)) return undefined;
    const first = word.exec(secret)?.[0] ?? '';
    if (oneWord.test(scheme)) {
      if (first === '' || isPlaceholder(first)) return undefined;
      return { start: start + lead.length, end: start + lead.length + first.length };
    }
  }
  return { start: start + lead.length, end };
}
