// Secrets that no provider stamped: known by the frame they stand in. The more general half of the rules for text.
import { after, dashedEdge, type TextRule } from './rule.js';
import { hex, mixed } from './sample.js';

function pemEdge(word: string): string {
  return `-----${word}(?:[A-Z0-9 +]|%20){0,32}PRIVATE(?:[ +]|%20)KEY(?:[ +]BLOCK|%20BLOCK)?-----`;
}

// No `-----` stands inside, so that a second BEGIN ends the search of the first; no quote, so that JSON text stays whole.
const pemWhole = String.raw`(?:[^"-]|-(?!----))*${pemEdge('END')}`;
// Cut off before its end: some headers, at least sixteen characters of key or how most begin, then all that looks like
// more of it. Between its lines may stand what quotes them in mail, or how JSON and URLs write their ends.
const pemGap = String.raw`(?:[\s>]|\\{1,4}[rn]|%0[ADad])`;
const pemHeader = String.raw`[A-Z][A-Za-z-]{1,30}:[^"\\\r\n]{0,200}`;
const pemCut = String.raw`${pemGap}*(?:${pemHeader}${pemGap}+){0,8}(?:[A-Za-z0-9+/=]{16}|MI[A-Z][A-Za-z0-9+/=])(?:[A-Za-z0-9+/=]|${pemGap})*`;

// With a head that is known the token may stand behind other words, `name_eyJ…`. That it has two dots is looked at once
// for all of them, since each would be read to its end.
const jwtKnown = 'eyJ(?:hbGci|0eXAi|raWQi|lbmMi|jdHki|4NXQi|lcGsi|qa3Ui)';
const jwtBefore = String.raw`(?:(?=[\w-]+\.[\w-]*\.)[\w-]*?(?<![A-Za-z0-9])(?=${jwtKnown}))?`;
const jwtKnownHead = String.raw`${jwtKnown}[\w-]{4,}(?:\.[\w-]*){2,4}`;
const jwtAnyHead = String.raw`eyJ[\w-]{4,}\.eyJ[\w-]{2,}(?:\.[\w-]*)?`;

// Base64 of a text with `:` in it, within its first characters.
const colonInBase64 = '(?:[A-Za-z0-9+/]{4}){0,64}?(?:O[g-v]|[A-Za-z0-9+/][DTjz][o-r]|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]6)';

// A URL's beginning, or `//` where nothing but a scheme could be missing.
const authorityLead = String.raw`(?:(?::|%3[Aa])\\?/\\?/|(?<![^"'=])//(?=\w))`;
// With the character behind it: else every comment in a program would be suspicious.
export const bareStarts: readonly string[] = Array.from('abcdefghijklmnopqrstuvwxyz0123456789_', (char) => `"//${char}`);
const bareHints = ['%3a//', ...bareStarts.flatMap((start) => ['"', "'", '='].map((lead) => lead + start.slice(1)))];
const urlUser = String.raw`[^\s/?#:@"'<>\\[]{0,256}`;
const notPort = String.raw`(?!\d{1,5}(?:[/?#,;]|\\?/))`;
// Up to the last `@` before the path; one with `/` in it up to the first, and only behind a user that is no host. No other
// URL begins in it: else each of many would be read to the last one's end.
const urlPassword = [
  String.raw`(?:[^\s"'<>\\/?@:%=(,]|[:%=(,](?!(?:3[Aa])?/))+(?:@[^\s"'<>\\/?@]*)*`,
  String.raw`(?<=/[^./@]{0,256}:)(?:[^\s"'<>\\@:%=(,]|[:%=(,](?!(?:3[Aa])?//))+(?:@[^\s"'<>\\/?@]*)*`,
].join('|');

export const surroundingRules: readonly TextRule[] = [
  after('private-key', ['private key', 'private%20key', 'private+key'], new RegExp(`${pemEdge('BEGIN')}(?:${pemWhole}|${pemCut})`, 'g'),
    `key: «-----BEGIN EC PRIVATE KEY-----\n${mixed(64)}\n${mixed(20)}==\n-----END EC PRIVATE KEY-----»\n`,
    `-----BEGIN PUBLIC KEY-----\n${mixed(64)}\n-----END PUBLIC KEY-----`),
  after('putty-key', ['private-lines'], /Private-Lines: \d{1,3}(?:\s|\\[rn]){1,4}((?:[A-Za-z0-9+/=]{16,}(?:(?:\s|\\[rn]){1,4}(?=[A-Za-z0-9+/=]{16}))?)+)/g,
    `Private-Lines: 2\n«${mixed(64)}\n${mixed(30)}»\nPrivate-MAC: ${hex(40)}`, `Public-Lines: 2\n${mixed(64)}`),
  after('jwt', ['.eyj', 'eyjhbgci', 'eyj0exai', 'eyjrawqi', 'eyjlbmmi', 'eyjjdhki', 'eyj4nxqi', 'eyjlcgsi', 'eyjqa3ui'],
    new RegExp(`${dashedEdge}${jwtBefore}(${jwtKnownHead}|${jwtAnyHead})`, 'g'),
    `cookie «eyJhbGciOiJIUzI1NiJ9.eyJ${mixed(20)}.${mixed(43)}» seen`, 'eyJhbGciOiJIUzI1NiJ9 alone'),
  after('url-userinfo', ['://', ':\\/\\/', ...bareHints], new RegExp(`${authorityLead}${urlUser}:${notPort}(${urlPassword})(?=@(?!sha\\d{3}:))`, 'g'),
    'postgres://user:«hunter2»@db.example/app', 'https://db.example:5432/app?mail=a@b.example docker://alpine:3.18@sha256:0a'),
  after('encoded-userinfo', ['%2f%2f'], /%3A%2F%2F[^\s%&"'\\]{0,256}%3A((?:[^\s%&"'\\]|%(?!2F%2F|40))+)(?=%40)/gi,
    'next=https%3A%2F%2Fbob%3A«hunter2»%40a.example', 'next=https%3A%2F%2Fa.example%3A80%2F'),
  after('url-token', ['://', ':\\/\\/'], new RegExp(`https?:\\\\?/\\\\?/((?=[\\w.~+=-]*\\d)(?:(?=[\\w.~+=-]*[a-z])(?=[\\w.~+=-]*[A-Z])[\\w.~+=-]{10,}|[\\w.~+=-]{20,}))(?=@)`, 'g'),
    `git clone https://«${mixed(24)}»@a.example/b`, 'https://git@a.example https://deploy-bot2@a.example ssh://git@a.example'),
  after('dsn-password', ['@tcp(', '@unix('], /(?<![^\s"'\\])[^\s"':@/\\]{1,128}:(?!\/\/)((?:[^\s"'@\\]|@(?!(?:tcp|unix)\())+)(?=@(?:tcp|unix)\()/g,
    'dsn user:«hunter2»@tcp(db.example:3306)/app', 'bob@tcp(db.example:3306)/app'),
  after('bearer', ['bearer'], /\bbearer\s{1,4}(?=[^\s"']{0,64}\d)([A-Za-z0-9._~+/-]{16,}={0,2})/gi,
    `sent bearer «${mixed(24)}» to it`, 'bearer authentication-failed-entirely of bearer 2'),
  after('basic-credentials', ['basic '], new RegExp(`(?<![A-Za-z0-9_-])(?:[Bb]asic|BASIC) {1,4}(?=[a-z]*[A-Z0-9+/=])(?=${colonInBase64})([A-Za-z0-9+/]{8,}={0,2})(?![A-Za-z0-9+/=])`, 'g'),
    `got Basic «${Buffer.from(`bob:${mixed(9)}`).toString('base64')}» from it`, 'Basic Information4You basic auth'),
  after('sql-password', ['identified', 'password'], /\b(?:identified\s{1,4}by|password)\s{1,4}'([^'"\\]+)(?=')/gi,
    'ALTER ROLE app PASSWORD \'«hunter2»\'', 'ALTER ROLE app PASSWORD NULL'),
  after('basic-auth', ['curl'], /\bcurl\b[^\n]{0,200}?\s(?:-u|--user|-U|--proxy-user)[\s=]{1,4}["']?[^\s"':]{1,128}:([^\s"'\\]+)/g,
    'curl -sS -u bob:«hunter2» https://a.example/', 'curl -u bob https://a.example/'),
  after('registry-auth', ['_auth'], /(?<![A-Za-z0-9])_auth\s{0,4}=\s{0,4}["']?([A-Za-z0-9+/]{8,}={0,2})/g,
    `//registry.example/:_auth=«${mixed(20)}==»`, '//registry.example/:always_auth=true'),
];
