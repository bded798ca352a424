// Secrets that no provider stamped: known by the frame they stand in. The more general half of the rules for text.
import { after, dashedEdge, type TextRule } from './rule.js';
import { mixed } from './sample.js';

const pemBegin = String.raw`-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----`;
// No `-----` stands inside, so that a second BEGIN ends the search of the first; no quote, so that JSON text stays whole.
const pemWhole = String.raw`(?:[^"-]|-(?!----))*-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----`;
// Cut off before its end: at least sixteen characters of key, then all that looks like more of it.
const pemCut = String.raw`(?:\s|\\[rn])*[A-Za-z0-9+/=]{16}(?:[A-Za-z0-9+/=]|\s|\\[rn])*`;

const jwtKnownHead = String.raw`eyJ(?:hbGci|0eXAi|raWQi|lbmMi)[A-Za-z0-9_-]{4,4096}(?:\.[A-Za-z0-9_-]{0,16384}){2,4}`;
const jwtAnyHead = String.raw`eyJ[A-Za-z0-9_-]{4,4096}\.eyJ[A-Za-z0-9_-]{2,16384}(?:\.[A-Za-z0-9_-]{0,4096})?`;

export const surroundingRules: readonly TextRule[] = [
  after('private-key', ['private key'], new RegExp(`${pemBegin}(?:${pemWhole}|${pemCut})`, 'g'),
    `key: «-----BEGIN EC PRIVATE KEY-----\n${mixed(64)}\n${mixed(20)}==\n-----END EC PRIVATE KEY-----»\n`,
    `-----BEGIN PUBLIC KEY-----\n${mixed(64)}\n-----END PUBLIC KEY-----`),
  after('jwt', ['.eyj', 'eyjhbgci', 'eyj0exai', 'eyjrawqi', 'eyjlbmmi'], new RegExp(`${dashedEdge}(?:${jwtKnownHead}|${jwtAnyHead})`, 'g'),
    `cookie «eyJhbGciOiJIUzI1NiJ9.eyJ${mixed(20)}.${mixed(43)}» seen`, 'eyJhbGciOiJIUzI1NiJ9 alone'),
  after('url-userinfo', ['://', ':\\/\\/'], /:\\?\/\\?\/[^\s/?#:@"'<>\\]{0,256}:([^\s/?#"'<>\\]{1,256})(?=@)/g,
    'postgres://user:«hunter2»@db.example/app', 'https://db.example:5432/app?mail=a@b.example'),
  after('bearer', ['bearer'], /\bbearer\s{1,4}(?=[^\s"']{0,64}\d)([A-Za-z0-9._~+/-]{16,4096}={0,2})/gi,
    `sent bearer «${mixed(24)}» to it`, 'bearer authentication-failed-entirely of bearer 2'),
  after('sql-password', ['identified', 'password'], /\b(?:identified\s{1,4}by|password)\s{1,4}'([^'"\\]{1,256})(?=')/gi,
    'ALTER ROLE app PASSWORD \'«hunter2»\'', 'ALTER ROLE app PASSWORD NULL'),
  after('basic-auth', ['curl'], /\bcurl\b[^\n]{0,200}?\s(?:-u|--user|-U|--proxy-user)[\s=]{1,4}["']?[^\s"':]{1,128}:([^\s"'\\]{1,256})/g,
    'curl -sS -u bob:«hunter2» https://a.example/', 'curl -u bob https://a.example/'),
  after('registry-auth', ['_auth'], /(?<![A-Za-z0-9])_auth\s{0,4}=\s{0,4}["']?([A-Za-z0-9+/]{8,1024}={0,2})/g,
    `//registry.example/:_auth=«${mixed(20)}==»`, '//registry.example/:always_auth=true'),
];
