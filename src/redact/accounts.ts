// Secrets of accounts in the files and messages that hold them, and tokens that are known by who is named before them. They are
// looked for behind all others. Invariant: as of all rules for text; a run has a maximum, and none begins in what another reads.
import { after, type TextRule, valueEnd } from './rule.js';
import { hex, mixed } from './sample.js';

// Between the words of .netrc, on one line or on many, as it is or in JSON text.
const netrcGap = String.raw`(?:\s|\\[nrt]){1,16}`;
const netrcWord = String.raw`[^\s"\\]{1,128}`;
const netrcLead = String.raw`\b(?:machine${netrcGap}${netrcWord}|default)${netrcGap}(?:(?:login|account)${netrcGap}${netrcWord}${netrcGap}){1,2}password${netrcGap}`;
const netrcSecret = String.raw`(?:[^\s"'\\]|'(?=[A-Za-z0-9])|\\(?![nrt"'\\])){1,512}${valueEnd}`;

const pgpassField = String.raw`[^\s:"'\\]{1,128}`;
const pgpassLead = String.raw`(?:(?<![^\s"'])|(?<=\\[nrt]))${pgpassField}:(?:5432|5433|6432|\*):(?!\d)${pgpassField}:${pgpassField}:`;

// Not `otp` alone, which is in `footprint`.
const codeHints: readonly string[] = [...['otp', 'pin'].flatMap((word) => ['"', "'", '=', ':', ' is'].map((end) => word + end)), 'otpcode', 'otp_code', 'otp-code', 'otp code'];
// A number in JSON text stays one: a name in quotes has its code in quotes.
const codeName = '(?<![A-Za-z0-9])(?:[ht]?otp(?:[-_ ]?code)?|pin)';
const codeQuoted = String.raw`\\{0,4}["']\s{0,4}[:=]\s{0,4}\\{0,4}["']`;
const codeBare = String.raw`(?:[:=]| is:?)[ \t]{0,4}(?:\\{0,4}["'])?`;

export const accountRules: readonly TextRule[] = [
  after('netrc', ['password'], new RegExp(`${netrcLead}(${netrcSecret})`, 'g'),
    'machine h.example login bob password «hunter2»\n', 'a machine with a login page and a password that is required'),
  after('pgpass', [':5432:', ':5433:', ':6432:', ':*:'], new RegExp(String.raw`${pgpassLead}((?:[^\s:"'\\]|\\[:\\]){3,128})${valueEnd}(?![ \t]{1,16}[^\s>])`, 'g'),
    'db.example:5432:app:bob:«hunter2»', 'root:*:19000:0:99999:7::: docker run -p 127.0.0.1:5432:5432 db'),
  after('access-code', codeHints, new RegExp(`${codeName}(?:${codeQuoted}|${codeBare})(\\d{4,8})(?![\\w/:-]|[.,]\\d)`, 'gi'),
    'Your PIN is «4930».', 'pin: 13 spin=4930 otp: 123 pin is 4930-12'),
  after('asana-token', ['asana'], /asana[^]{0,80}?(?<![A-Za-z0-9_/])(\d\/\d{15,17}(?:\/\d{15,17})?:[A-Za-z0-9]{32})(?![A-Za-z0-9_])/gi,
    `asana: «1/1201234567890123:${hex(32)}»`, `asana 1/12:${hex(32)} 1/1201234567890123:${hex(32)}x`),
  after('render-key', ['rnd_'], /(?<![A-Za-z0-9_])(rnd_[A-Za-z0-9]{24,64})(?![A-Za-z0-9_])/g, `«rnd_${mixed(28)}»`, 'rnd_state rnd_uniform_float'),
];
