// What may be a secret where its name stands apart from it: in a sentence, a document or a table of settings. Invariant: it is
// stricter than what is asked of a value right behind its name and a separator, since here most words are only words.
import { isCode, isPath, isPlaceholder, isProse, looksSecret } from './placeholder.js';
import type { NameRule } from './names.js';
import { type Region, type Standing, secretIn } from './region.js';
import { at } from './sticky.js';

/** A secret, and the rule by whose name it goes. */
export interface Told {
  readonly region: Region;
  readonly rule: NameRule;
}

const freely: Standing = { free: true };

// `<password>Password</password>`, `-p PASSWORD`: what it is called, not what it is.
const whose = '(?:(?:my|your|the|db|root|user|admin|new|old|some|api|access|auth|login|secret)[-_ ]?)?';
const ownName = new RegExp(`^\\W{0,4}${whose}(?:pass(?:wo?r?d|code|phrase|wort)?|pw|pwd|secret|token|key|cookie)s?\\W{0,4}$`, 'i');
// `PASSWORD`, `$db_password2`, `$$PASSWORD`, `\$PASSWORD`, `${PASSWORD:-x}`.
const variable = /^(?:[A-Z_]+|\\{0,3}\${1,2}(?:[A-Za-z_]\w*|\{[A-Za-z_][\w.]*(?:[:?+-][^{}]*)?\}))$/;

const template = /^(?:\$[{(]|\{\{|<[%$?]|[%#]\{)/;

/** Whether a word is the name of what would stand in its place, or begins what computes it. */
export function isStandIn(value: string): boolean {
  return isProse(value) || ownName.test(value) || variable.test(value) || template.test(value);
}

/** The secret in characters `start` to `end`, which its name's rule is known of; none in a mask, nor where it is only named. */
export function toldIn(text: string, start: number, end: number, rule: NameRule): Told | undefined {
  const value = text.slice(start, end);
  if (value.includes('[redacted:') || isStandIn(value.trim())) return undefined;
  const region = secretIn(text, start, end, rule, freely);
  return region === undefined ? undefined : { region, rule };
}

// `vault:secret/db`, `secretref:db-pw`, `https://…`, `@pw@`, `!ENC(…)`.
const elsewhere = /^[\w+.-]{0,32}:\/\/|^(?:vault|secret-?refs?|secrets?|ssm|sm|file|env|ref|key-?vault|sops|aws|gcp|azure|doppler|bao)[:+/]|^\{cipher\}|^[@%#!{$].*[@%}\])]$/i;

/** Whether a value only says where the secret is: a file, a URL, a store, a place in a program. */
export function isReference(value: string): boolean {
  return isPath(value) || isCode(value, '') || elsewhere.test(value);
}

/** Characters that a password in a sentence has at least, and at most. */
const [saidCharsMin, saidCharsMax] = [6, 128];

// `sha256`, `base64url`, `SCRAM-SHA-256`, `v1.2.3`, `level2`, a type's name such as `CommaToken$1`.
const technical = new RegExp([
  String.raw`(?:token|key)\W?\d{0,3}$`, String.raw`^[a-z]+\$\d{0,3}$`,
  String.raw`(?:sha|md|aes|des|rsa|base|utf|crc|hmac|pbkdf|argon)-?\d`,
  String.raw`^(?:dsa|ec|ed|ucs|latin|iso|ascii|bcrypt|scrypt|hkdf|oauth|saml|ip|ipv|http|tls|ssl|ssh|rfc|nist|fips|cve|win|wpa|pkcs|python|java|node|php`
  + String.raw`|perl|es|step|level|type|part|option|case|line|chapter|section|figure|table|page|version|phase|attempt|layer|int|uint|float|u|i|v|x)[-_]?\d`,
].join('|'), 'i');
// `16-byte`, `1st`, `user_2`, `a.b1`, `user_id2`, `AB-12`, `web-1.a.example`, `bob1@a.example`, a UUID, a date, a variable, code,
// `config2yaml`, `K8sManaged`, `S3Bucket`, `minLength8`, `A1B2-style`.
const otherwise = new RegExp([
  String.raw`^\d+[-.]?[A-Za-z]+(?:[-.][A-Za-z]+)*$`, String.raw`^[A-Za-z][A-Za-z0-9]*(?:[._][A-Za-z][A-Za-z0-9]*)+$`, String.raw`^\w*[([{<]`, String.raw`^[a-z]+[-_]\d{1,3}$`,
  String.raw`^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}`, String.raw`^[%$&\\@#]`, String.raw`^[A-Z]{2,5}[-_]?\d+$`, String.raw`^\d+[-.:/x]\d`,
  String.raw`^[\w-]+(?:\.[\w-]+){2,}$`, String.raw`^[^@]+@[\w-]+\.[\w.-]+$`, String.raw`[=:/\s]`,
  String.raw`^[A-Za-z]?[a-z]{2,}\d[a-z]{2,}$`, String.raw`^[A-Z]{1,5}\d{1,3}[A-Za-z]+\d?$`,
  String.raw`^[a-z]+(?:[A-Z][a-z]+)+\d{0,3}[a-z]*$`, String.raw`^\w+-[a-z]{4,}$`,
].join('|'));

/** Whether a word in a sentence can only be a password: of letters and digits, and no technical word. */
function looksSaid(word: string): boolean {
  return word.length >= saidCharsMin && word.length <= saidCharsMax && /\d/.test(word) && /[A-Za-z]/.test(word)
    && !technical.test(word) && !otherwise.test(word) && !isPath(word) && !isPlaceholder(word);
}

/** The rule of a name that is no password's and no variable's, `DB_TOKEN`: what goes by it must look like a secret. */
export function vaguelyNamed(text: string, start: number, end: number, rule: NameRule): NameRule {
  return rule.name !== 'password' && !/^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(text.slice(start, end)) ? { ...rule, vague: true } : rule;
}

// Letters of both cases and a digit, or a digit and a sign, and no words that are joined.
const strong = /^(?=[^-]*$)(?=.*\d)(?=.*[A-Za-z])(?:(?=.*[a-z])(?=.*[A-Z])|.*[!@#$%^&*?+~])/;

/**
 * A secret in a sentence or on a line of its own. More is asked of it where nothing but its place tells, `isOpen`, and of
 * what is no password.
 */
export function saidIn(text: string, start: number, end: number, rule: NameRule, isOpen: boolean): Told | undefined {
  const value = text.slice(start, end);
  if (rule.shape !== 'plain' || (isOpen && !strong.test(value)) || !looksSaid(value)) return undefined;
  const isSecret = rule.name === 'password' ? !rule.vague
    : value.length >= 10 && strong.test(value) && !/^[A-Za-z]+\d{1,4}$/.test(value) && looksSecret(value);
  return isSecret ? toldIn(text, start, end, rule) : undefined;
}

const double = /(\\{0,4}")([^"\\\r\n]{1,1024})\1/y;
const single = /(')([^'"\\\r\n]{1,1024})'(?!')/y;

/** What stands in quotes at `index`: all of it, the opening quote, and what it has between them, which has no escape. */
export function quotedAt(text: string, index: number): readonly [whole: string, open: string, inner: string] | undefined {
  const [whole, open, inner] = at(double, text, index) ?? at(single, text, index) ?? [];
  return whole === undefined || open === undefined || inner === undefined ? undefined : [whole, open, inner];
}
