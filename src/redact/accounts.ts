// Secrets of accounts in the files and messages that hold them, and tokens that are known by who is named before them. They are
// looked for behind all others. Invariant: as of all rules for text; a run has a maximum, and none begins in what another reads.
import { codeHints, onceWords, pinWords } from './names.js';
import { after, type TextRule, valueEnd } from './rule.js';
import { hex, mixed } from './sample.js';

// Between the words of .netrc: on one line or on many, as it is or in JSON text.
const netrcGap = String.raw`(?:\s|\\[nrt]){1,16}`;
const netrcBreak = String.raw`(?=[ \t]{0,15}(?:[\r\n]|\\[nr]))${netrcGap}`;
const netrcWord = String.raw`[^\s"\\]{1,128}`;
// The words come first, since a text is looked through for them at once.
const netrcAtStart = (lead: string): string => String.raw`${lead}(?:(?<=(?:^|[\r\n"'])[ \t]{0,16}${lead})|(?<=\\[nrt][ \t]{0,16}${lead}))`;
// In a text a host that has a dot; else what stands at a line's start, and has more lines, or a password of more than letters.
const netrcHost = [
  String.raw`machine(?<![\w.-]machine)${netrcGap}(?:[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}|localhost)${netrcGap}`,
  `${netrcAtStart('machine')}${netrcGap}${netrcWord}${netrcBreak}`,
  `${netrcAtStart('default')}${netrcBreak}`,
  String.raw`${netrcAtStart('default')}[ \t]{1,16}(?=login[ \t]{1,16}${netrcWord}[ \t]{1,16}password[ \t]{1,16}[A-Za-z]{0,64}[^A-Za-z\s."'\\])`,
].join('|');
const netrcLogin = String.raw`login${netrcGap}(?!(?:and|or|has|have|with|is|are|to|for|in|on|as|name|page|prompt|user|the|a|an)[\s\\])${netrcWord}${netrcGap}`;
const netrcLead = String.raw`(?:${netrcHost})(?:account${netrcGap}${netrcWord}${netrcGap})?${netrcLogin}(?:account${netrcGap}${netrcWord}${netrcGap})?password${netrcGap}`;
const netrcSecret = String.raw`(?:[^\s"'\\]|'(?=[A-Za-z0-9])|\\(?![nrt"'\\])){1,512}${valueEnd}`;

const pgpassField = String.raw`[^\s:"'\\]{1,128}`;
const pgpassLead = String.raw`(?:(?<![^\s"'])|(?<=\\[nrt]))${pgpassField}:(?:5432|5433|6432|\*):(?!\d)${pgpassField}:${pgpassField}:`;

// A number in JSON text stays one: a name in quotes has its code in quotes.
const codeQuote = String.raw`\\{0,4}["']`;
const codeBehind = String.raw`(?:${codeQuote}\s{0,4}[:=]\s{0,4}${codeQuote}|(?:[ \t]{0,2}[:=]| is:?)[ \t]{0,4}(?:${codeQuote})?)`;
// Where a clause or a value is over: behind `100000 lines` and `1500 mm` it is not.
const codeEnd = String.raw`(?=[.,;!)]?(?:$|[\r\n"'\x60&<}\\])|[.,;!)]\s)`;
const factor = '(?:2fa|mfa|two-factor|authentication|login|sign-in) code';
const onceCode = `(?:${onceWords}|one-time (?:pass)?code|verification code|passcode|${factor})${codeBehind}(?=\\d{6}(?!\\d))`;
const pinCode = `(?:${pinWords}|your pin|my pin)${codeBehind}(?=\\d{4,6}(?!\\d))`;

export const accountRules: readonly TextRule[] = [
  after('netrc', ['password'], new RegExp(`${netrcLead}(${netrcSecret})`, 'g'),
    'machine h.example login bob password «hunter2»\n', 'default login and password that is printed, machine has login and password prompts'),
  after('pgpass', [':5432:', ':5433:', ':6432:', ':*:'], new RegExp(String.raw`${pgpassLead}((?:[^\s:"'\\]|\\[:\\]){3,128})${valueEnd}(?![ \t]{1,16}[^\s>])`, 'g'),
    'db.example:5432:app:bob:«hunter2»', 'root:*:19000:0:99999:7::: docker run -p 127.0.0.1:5432:5432 db'),
  after('access-code', [...codeHints, 'one-time', 'verification code', 'passcode', 'your pin', 'my pin', '2fa code', 'mfa code', 'factor code', 'authentication code', 'login code', 'sign-in code'], new RegExp(`(?<![A-Za-z0-9])(?:${onceCode}|${pinCode})(\\d{4,6})${codeEnd}`, 'gi'),
    'Your OTP is «493021».', 'pin: 8080, OTP is 20000 lines, your pin is 1500 mm long'),
  after('code-before', [' is your '],
    /(?<![\w.,:#-]|[$€£] ?)(?:G-)?(\d{6})(?= is your (?:[\w.-]{1,24} ){0,2}(?:(?:verification|security|login|one-time|authentication|access|confirmation|sign-in) (?:pass)?code|passcode|otp)(?![\w-]))/gi,
    '«493021» is your verification code', '493021 is your order number, 100000 is your limit'),
  // One for each name: what stands behind a mask is not taken, since each look would bare the next.
  after('asana-token', ['asana'], /asana(?<!\[redacted:asana)(?:(?!\[redacted:|asana)[^]){0,80}?(?<![A-Za-z0-9_/])(\d\/\d{15,17}(?:\/\d{15,17})?:[A-Za-z0-9]{32})(?![A-Za-z0-9_])/gi,
    `asana: «1/1201234567890123:${hex(32)}»`, `asana 1/12:${hex(32)} 1/1201234567890123:${hex(32)}x`),
  after('render-key', ['rnd_'], /(?<![A-Za-z0-9_])(rnd_[A-Za-z0-9]{24,64})(?![A-Za-z0-9_])/g, `«rnd_${mixed(28)}»`, 'rnd_state rnd_uniform_float'),
];
