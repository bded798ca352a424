// Names that announce a secret: a map's key, a header, a flag, a variable, all spelled with `-`, `_`, `.` or capitals.
// Invariant: the name decides by its last words (`db_password` does, `password_policy` does not), never by its value.

/** What the value of such a name looks like. */
export type Shape = 'plain' | 'authorization' | 'cookie';

/** A secret that is known by the name it is given. */
export interface NameRule {
  readonly name: string;
  readonly shape: Shape;
  /** Matched against the name in small letters, its words joined by `-`. */
  readonly pattern: RegExp;
  /** An assignment, its secret between « and ». */
  readonly example: string;
  /** An assignment to a name that looks like it and announces no secret. */
  readonly counterExample: string;
}

function named(name: string, pattern: RegExp, example: string, counterExample: string, shape: Shape = 'plain'): NameRule {
  return { name, shape, pattern, example, counterExample };
}

// Words of which a key may be; of others (`public key`, `primary key`, `key`) nothing is known.
const keyWords = 'api|access|secret|private|account|auth|encryption|signing|master|service|license|subscription|shared|functions|storage|deploy|host|role|admin|webhook';

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
  named('private-key', /(?:^|-)(?:private|ssh|rsa|ecdsa|ed25519|signing)-?key(?:-?(?:pem|data|base64))?$/,
    'private_key: "«MIIEvQIBADANBg»"', 'public_key: "MIIEvQIBADANBg"'),
  named('password', /(?:passwo?r?d|passphrase|passcode)$|(?:^|-)(?:(?:db|pg|my|root|user|admin|smtp|ftp|redis|mysql)?pass|(?:db)?pwd)$/,
    'password=«hunter2» ok', 'password_policy=strict bypass=now compass=north'),
  named('api-key', new RegExp(`(?:^|-)(?:x-?)?(?:[a-z0-9]+-?)?(?:${keyWords})-?key$`), 'x-api-key: «abc123»', 'api_key_id=abc123 primary_key=7'),
  named('secret', /secret$|(?:^|-)secret-?(?:value|string|text|data|key-?base)$/, 'client_secret=«abc123»', 'secret_name=abc123 secrets=7'),
  named('token', /token(?:-?value)?$/, '--access-token «abc123»', 'token_count: 42 max_tokens=100'),
];

// They end as a secret's name does and go around in the open: places in a list, words of a language model, columns.
const harmless = new RegExp([
  '(?:^|-)(?:next|prev|previous|page|paging|pagination|continuation|sync|cursor|resume|resumption|start|stop|end|eos|bos|pad|unk|mask|sep|cls|max',
  '|change|cancel|cancellation|lock|fencing|concurrency|idempotency|client|client-request|per|first|last|special|unexpected|invalid|missing)-?token$',
  '|public-?key$|(?:reset|forgot|change|no|use|has|is|show|hide|verify|require|requires|confirm-your)-(?:password|token|secret)$',
].join(''));

// A program meets few names, but a hostile producer could send ever new ones.
const namesKeptMax = 4096;
const nameCharsMax = 128;
const known = new Map<string, NameRule | null>();

function look(name: string): NameRule | null {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').replace(/[^A-Za-z0-9]+/g, '-').replace(/^-|-$/g, '').toLowerCase()
    .replace(/([a-z])-?\d{1,2}$/, '$1');
  if (harmless.test(words)) return null;
  return nameRules.find((rule) => rule.pattern.test(words)) ?? null;
}

/** The rule of a name that announces a secret, or null. Of a long name the end is looked at. */
export function nameRule(name: string): NameRule | null {
  const seen = known.get(name);
  if (seen !== undefined) return seen;
  const rule = look(name.slice(-nameCharsMax));
  if (name.length > nameCharsMax) return rule;
  if (known.size >= namesKeptMax) known.clear();
  known.set(name, rule);
  return rule;
}

/** Words one of which every name that announces a secret holds, whatever joins it to the others. */
export const nameWords: readonly string[] = ['pass', 'pwd', 'passwd', 'secret', 'token', 'authorization', 'cookie', 'key'];

/** What every name that announces a secret holds, as hints for a text. */
export const nameHints: readonly string[] = [
  'pass', 'pwd', 'secret', 'token', 'authorization', 'cookie',
  ...[...keyWords.split('|'), 'ssh', 'rsa', 'ecdsa', 'ed25519'].flatMap((word) => ['', '-', '_', '.'].map((joint) => `${word}${joint}key`)),
];

/** Where a name that announces a secret may stand in a text. */
export const nameMarks = new RegExp(`pass|pwd|secret|token|authorization|cookie|(?:${keyWords}|ssh|rsa|ecdsa|ed25519)[-_.]?key`, 'gi');
