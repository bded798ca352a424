// Names that announce a secret: a map's key, a header, a flag, a variable, all spelled with `-`, `_`, `.` or capitals.
// Invariant: the name decides by its last words (`db_password` does, `password_policy` does not), never by its value.

/** What the value of such a name looks like. */
export type Shape = 'plain' | 'authorization' | 'cookie' | 'digits';

/** A secret that is known by the name it is given. */
export interface NameRule {
  readonly name: string;
  readonly shape: Shape;
  /** Matched against the name in small letters, its words joined by `-`. */
  readonly pattern: RegExp;
  /** Much else is called so, too: the value must look like a secret. */
  readonly vague: boolean;
  /** A directory is called so, too. */
  readonly mayBePlace?: boolean;
  /** An assignment, its secret between « and ». */
  readonly example: string;
  /** An assignment to a name that looks like it and announces no secret. */
  readonly counterExample: string;
}

function named(name: string, pattern: RegExp, example: string, counterExample: string, shape: Shape = 'plain'): NameRule {
  return { name, shape, pattern, vague: false, example, counterExample };
}

function vaguely(rule: NameRule): NameRule {
  return { ...rule, vague: true };
}

// Words of which a key may be; of others (`public key`, `primary key`, `key`) nothing is known.
const keyWords = 'api|access|secret|private|auth|encryption|signing|master|sdk|license|subscription|functions|webhook';
// Such a key may as well be a place, a name or a public key.
const vagueKeyWords = 'account|service|shared|storage|deploy|host|role|admin|ssh';

/** Most specific first. */
export const nameRules: readonly NameRule[] = [
  named('aws-secret-access-key', /(?:^|-)(?:aws-?)?secret-?access-?key$|aws-?secret(?:-?key)?$/,
    'AWS_SECRET_ACCESS_KEY=«wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY»', 'aws_access_key_id=some'),
  named('aws-session-token', /(?:aws|amz)-?(?:session|security)-?token$/, 'aws_session_token = «FwoGZXIvYXdzEXAMPLE»', 'aws_session_name=some'),
  named('azure-storage-key', /(?:^|-)(?:(?:storage-?)?account-?key|shared-?access-?key|azure-?storage-?(?:access-?)?key)$/,
    'AccountName=a;AccountKey=«c2VjcmV0»;EndpointSuffix=x', 'SharedAccessKeyName=Root'),
  named('authorization', /^(?:x-)?(?:http-)?(?:proxy-|forwarded-|original-)?authorization(?:-header)?$/,
    'Authorization: Bearer «abc123»', 'authorization_url=https://a.example/', 'authorization'),
  named('cookie', /^(?:set-|http-|request-|response-)?cookies?2?$/, 'Cookie: «session=abc123; theme=dark»', 'cookie_policy=strict', 'cookie'),
  named('private-key', /(?:^|-)(?:private|rsa|ecdsa|ed25519|signing)-?key(?:-?(?:pem|data|base64))?$/,
    'private_key: "«MIIEvQIBADANBg»"', 'public_key: "MIIEvQIBADANBg"'),
  named('password', /(?:pass-?wo?r?d|pass-?phrase|pass-?code)$|(?:^|-)(?:(?:db|pg|my|root|user|admin|smtp|ftp|redis|mysql|ssh|become|sudo|proxy|http)-?pass|db-?pwd)$/,
    'password=«hunter2» ok', 'password_policy=strict bypass=now compass=north'),
  { ...named('password', /(?:^|-)pwd$/, 'pwd=«hunter2» ok', 'PWD=/srv/bob/app OLDPWD=/tmp'), mayBePlace: true },
  vaguely(named('password', /(?:^|-)pass$/, 'pass=«hunter2» ok', 'pass=1204 first_pass=complete')),
  named('api-key', new RegExp(`(?:^|-)(?:x-?)?(?:[a-z0-9]+-?)?(?:${keyWords})-?key$`), 'x-api-key: «abc123»', 'api_key_id=abc123 primary_key=7'),
  vaguely(named('api-key', new RegExp(`(?:^|-)(?:${vagueKeyWords})-?key$`), 'storage_key=«abc123def456»', 'storage_key=uploads/a1.png host_key=ssh-ed25519 role_key=admin')),
  named('secret', /secret$|(?:^|-)secret-?(?:value|string|text|data|key-?base)$/, 'client_secret=«abc123»', 'secret_name=abc123 secrets=7'),
  named('token', /token(?:-?value)?$/, '--access-token «abc123»', 'token_count: 42 max_tokens=100'),
];

/** Names of entries and of options alone, since in a text they are ordinary words. */
const entryRules: readonly NameRule[] = [
  vaguely(named('credential', /(?:^|-)(?:credentials?|creds|bearer|jwt)$/, '', '')),
];
// Looked for in the name as it is, so that a quote or `=` stands behind it in JSON text: else `author` would be suspicious.
const authName = /(?:^|[^A-Za-z0-9]|[a-z](?=A))(?:[Aa]uth|AUTH)$/;
const authRule = vaguely(named('authorization', authName, '', '', 'authorization'));

/** What a code of one use is called, in a pattern. */
export const onceWords = '[HhTt]?(?:[Oo]tp|OTP)(?:[-_ ]?(?:[Cc]ode|CODE))?';
/** What a person's number is called, in a pattern. `pin` alone is mostly one of a plug. */
export const pinWords = '(?:[Uu]ser|USER|[Cc]ard|CARD|[Ss]im|SIM)[-_]?(?:[Pp]in|PIN)';
/** Texts of which one is part of every text that has such a name with a separator, a quote or an escape behind it. */
export const codeHints: readonly string[] = [
  ...['"', "'", '\\', '=', ':', ' ', 'code', '_code', '-code'].map((end) => `otp${end}`),
  ...['user', 'card', 'sim'].flatMap((word) => ['', '-', '_'].map((joint) => `${word}${joint}pin`)),
];
// As it is, too, so that a quote or `=` stands behind it.
const codeName = new RegExp(`(?:^|[^A-Za-z0-9]|[a-z](?=[A-Z]))(?:${onceWords}|${pinWords})$`);
const codeRule: NameRule = named('access-code', codeName, '', '', 'digits');

/** The rule of an entry or an option that holds a code, which is digits; asked where nothing else is known of it. */
export function codeRuleOf(name: string): NameRule | null {
  return codeName.test(name.slice(-nameCharsMax)) ? codeRule : null;
}

// They end as a secret's name does and go around in the open: places in a list, words of a language model, columns.
const harmless = new RegExp([
  '(?:^|-)(?:next|prev|previous|page|paging|pagination|continuation|sync|cursor|resume|resumption|start|stop|end|eos|bos|pad|unk|mask|sep|cls|max',
  '|keep|change|cancel|cancellation|lock|fencing|concurrency|idempotency|client|client-request|per|first|last|special|unexpected|invalid|missing)-?token$',
  '|public-?key$|(?:reset|forgot|change|no|use|has|is|show|hide|verify|require|requires|confirm-your)-(?:password|token|secret)$',
].join(''));

// A program meets few names, but a hostile producer could send ever new ones.
const namesKeptMax = 4096;
const nameCharsMax = 128;
const known = new Map<string, NameRule | null>();
const knownOfEntries = new Map<string, NameRule | null>();

function wordsOf(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').toLowerCase()
    .replace(/([a-z])-?\d{1,2}$/, '$1');
}

function look(name: string): NameRule | null {
  const words = wordsOf(name);
  if (harmless.test(words)) return null;
  return nameRules.find((rule) => rule.pattern.test(words)) ?? null;
}

/** Of entries and options more is known: `auth`, and many of what one alone is a secret. */
function lookAtEntry(name: string): NameRule | null {
  const rule = look(name);
  if (rule !== null) return rule;
  const words = wordsOf(name);
  const many = /[a-z]s$/.test(words) ? look(words.slice(0, -1)) : null;
  if (many?.shape === 'plain') return vaguely(many);
  return authName.test(name) ? authRule : entryRules.find(({ pattern }) => pattern.test(words)) ?? null;
}

type LookUp = (name: string) => NameRule | null;

function remembered(name: string, kept: Map<string, NameRule | null>, lookUp: LookUp): NameRule | null {
  const seen = kept.get(name);
  if (seen !== undefined) return seen;
  const rule = lookUp(name.slice(-nameCharsMax));
  if (name.length > nameCharsMax) return rule;
  if (kept.size >= namesKeptMax) kept.clear();
  kept.set(name, rule);
  return rule;
}

/** The rule of a name in a text that announces a secret, or null. Of a long name the end is looked at. */
export function nameRule(name: string): NameRule | null {
  return remembered(name, known, look);
}

/** The same for the name of a map's entry or of an option, which more is known of. */
export function entryRule(name: string): NameRule | null {
  return remembered(name, knownOfEntries, lookAtEntry);
}

/** What the JSON text of an event holds that has such an entry or option, besides `nameWords`; quotes as they stand there. */
export const entryHints: readonly string[] = ['auth"', 'auth=', 'credential', 'creds', 'bearer', 'jwt', ...codeHints];

/** Words one of which every name that announces a secret holds, whatever joins it to the others. */
export const nameWords: readonly string[] = ['pass', 'pwd', 'passwd', 'secret', 'token', 'authorization', 'cookie', 'key'];

/** What every name that announces a secret holds, as hints for a text. */
export const nameHints: readonly string[] = [
  'pass', 'pwd', 'secret', 'token', 'authorization', 'cookie',
  ...[...keyWords.split('|'), ...vagueKeyWords.split('|'), 'rsa', 'ecdsa', 'ed25519'].flatMap((word) => ['', '-', '_', '.'].map((joint) => `${word}${joint}key`)),
];

/** Where a name that announces a secret may stand in a text. */
export const nameMarks = new RegExp(`pass|pwd|secret|token|authorization|cookie|(?:${keyWords}|${vagueKeyWords}|rsa|ecdsa|ed25519)[-_.]?key`, 'gi');
