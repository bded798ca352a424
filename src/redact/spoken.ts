// Secrets as people say them, where a sentence has more before the value than the names' own rules know: keys in two words, a
// word and some digits, other languages. They are looked for behind all others. Invariant: as of all rules for text; the value
// has letters and digits and stands alone.
import { after, type TextRule } from './rule.js';
import { mixed } from './sample.js';

// Letters and digits, none of it a sign that ends a sentence.
const value = String.raw`(?=[^\s"'\x60\\]{0,127}\d)(?=[^\s"'\x60\\]{0,127}[A-Za-z])([A-Za-z0-9!@#$%^&*+~_][^\s"'\x60\\,;()<>[\]{}|]{4,126}[A-Za-z0-9!@#$%^&*+~_=])(?=[.,;!?)]?(?:\s|$|\\n|["'\x60]))`;
const maybeQuote = String.raw`(?:\\{0,4}["'\x60])?`;
const token = String.raw`(?=[\w-]{0,255}\d)(?=[\w-]{0,255}[A-Za-z])([A-Za-z0-9][\w-]{19,255})(?![\w-])`;
const mixedToken = String.raw`(?=[\w-]{0,255}\d)(?=[\w-]{0,255}[a-z])(?=[\w-]{0,255}[A-Z])([A-Za-z0-9][\w-]{31,255})(?![\w-])`;
// With an umlaut or an accent written out, too. The words begin with ASCII, by which texts are looked through.
const foreign = 'passwort|kennwort|wachtwoord|senha|contrase(?:ñ|n|nh)a|mot de passe|parola d.ordine|salasana|heslo';
// A word and some digits, where the sentence ends.
const simple = String.raw`((?!(?:step|level|version|type|option|phase|part|line|base|auth|page)\d)[a-z]{4,12}\d{1,4})(?=[.!]?(?:\s{0,4}$|[\r\n]|\\n|\\{0,4}["'\x60]))`;
const isWords = '(?:ist|lautet|is|es|est|é|è|on|je)';

export const spokenRules: readonly TextRule[] = [
  after('spoken-key', ['api key', 'access key', 'secret key'],
    new RegExp(String.raw`(?<![\w-])(?:api|access|secret)[ ]key(?:[ ](?:is|=)|\s{0,2}:|\*\*:|:\*\*)?[ \t]{1,4}${maybeQuote}${token}`, 'gi'),
    `my API key is «${mixed(32)}» now`, 'the api key is rate-limited-by-tenant, access key id and secret key length is 32'),
  after('spoken-token', ['token'], new RegExp(String.raw`(?<![\w-])(?:[Tt]his|[Mm]y|[Yy]our|[Nn]ew|[Aa]uth|[Aa]ccess|API|[Aa]pi|[Tt]he)[ ]token(?:[ ](?:is|=)|:)?[ \t]{1,4}${maybeQuote}${mixedToken}`, 'g'),
    `use this token «${mixed(40)}» to log in`, `the token ${mixed(20)} page token ${mixed(40)}`),
  after('said-password', ['password is '], new RegExp(`(?<![\\w.$-])password is ${maybeQuote}${simple}`, 'g'),
    'the password is «hunter2»', 'the password is step2 password is base64 password is hunter2 characters long'),
  after('pw', ['pw: ', 'pw is '], new RegExp(String.raw`(?<![\w$.-])pw(?:[ ]is|:)[ ]{1,2}${maybeQuote}(?!\d+[A-Za-z]*[\s,;.)])${value}`, 'gi'),
    'pw: «hunter2» ok', 'pw: 1200W pw: 12345678 pw: power pw: conv'),
  after('foreign-password', ['passwort', 'kennwort', 'wachtwoord', 'senha', 'contrase', 'mot de passe', 'parola', 'salasana', 'heslo'],
    new RegExp(String.raw`(?<![\p{L}\w-])(?:${foreign})(?:[ ]?:|[ ]?=|[ ]${isWords}:?)[ ]{0,4}${maybeQuote}${value}`, 'giu'),
    'Das Passwort lautet «hunter2».', 'Passwort: erforderlich, contraseña: 8 caracteres, senha: 12'),
];
