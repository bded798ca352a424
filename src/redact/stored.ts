// Secrets in the files and the output of tools: keys and logins as base64, hashes of passwords, what is piped to a program, the
// settings of one. They are looked for behind all others. Invariant: as of all rules for text; a run has a maximum or ends
// where a word does, and none begins in what another reads.
import { after, type TextRule, valueEnd } from './rule.js';
import { hex, mixed } from './sample.js';

/** How the base64 of a text begins: of all its characters but the last, which share a byte with what follows. */
function encoded(text: string): string {
  return Buffer.from(text).toString('base64').slice(0, Math.floor(Buffer.byteLength(text) / 3) * 4);
}

const keyLines = ['', 'RSA ', 'EC ', 'DSA ', 'OPENSSH ', 'ENCRYPTED ', 'PGP '].map((kind) => encoded(`-----BEGIN ${kind}PRIVATE KEY`));
const keyStart = encoded('-----BEGIN ');
// As tools print it, in lines; JSON may write their ends.
const base64Lines = String.raw`(?:[A-Za-z0-9+/]|(?:\r?\n|\\n)(?=[A-Za-z0-9+/]{16}))*={0,2}`;
const registries = ['{"auths":', '{\n\t"auths":', '{\n  "auths":', '{ "auths":'].map(encoded);

const salted = '[./A-Za-z0-9]';
const crypted = [
  String.raw`(?:1|apr1)\$${salted}{1,8}\$${salted}{22}`, String.raw`5\$(?:rounds=\d{1,9}\$)?${salted}{1,16}\$${salted}{43}`,
  String.raw`6\$(?:rounds=\d{1,9}\$)?${salted}{1,16}\$${salted}{86}`, String.raw`2[abxy]\$\d\d\$${salted}{53}`,
  String.raw`g?y\$${salted}{1,8}\$${salted}{1,86}\$${salted}{43}`,
  String.raw`argon2(?:id|[id])\$v=\d{1,3}\$m=\d{1,8},t=\d{1,4},p=\d{1,4}\$[A-Za-z0-9+/]{8,88}\$[A-Za-z0-9+/]{16,128}`,
].join('|');

const maybeQuote = String.raw`(?:\\{0,4}["'])?`;
const word = String.raw`[^\s"'\x60|;&$<>\\]`;
// What reads a password from its standard input.
const reader = [
  String.raw`sudo[ \t]{1,4}(?:-[A-Za-z]{1,8}[ \t]{1,4}){0,3}-[A-Za-z]{0,4}S(?![\w])`, String.raw`(?:sudo[ \t]{1,4})?passwd[ \t]{1,4}--stdin`,
  String.raw`[a-z-]{1,16}[ \t][^\n|;&"'\\]{0,160}--password-stdin`, String.raw`(?:npx[ \t]{1,4})?wrangler[ \t]{1,4}secret[ \t]{1,4}put`, String.raw`gh[ \t]{1,4}secret[ \t]{1,4}set`,
].join('|');
const echo = String.raw`(?<![\w-])(?:echo|printf)[ \t]{1,4}(?:-[neE]{1,3}[ \t]{1,4})?${maybeQuote}`;
const pipe = String.raw`(?=${maybeQuote}[ \t]{0,4}\|[ \t]{0,4}`;

const setting = String.raw`(?=[^\s"'\\]{0,64}\d)([^\s"'\\]{6,512})${valueEnd}`;
const wifi = String.raw`(?:(?<![\w-])psk[ \t]{0,4}=[ \t]{0,4}\\{0,4}"|wifi-sec\.psk[ \t]{1,4}${maybeQuote}|nmcli[ \t][^\n;|&"'\\]{0,120}[ \t]password[ \t]{1,4}${maybeQuote})`;

export const storedRules: readonly TextRule[] = [
  after('encoded-private-key', [keyStart.toLowerCase()], new RegExp(`(?:${keyLines.join('|')})${base64Lines}`, 'g'),
    `client-key-data: «${keyLines[1] ?? ''}ktLS0t${mixed(40)}==»`, `certificate-authority-data: ${encoded('-----BEGIN CERTIFICATE-----')}${mixed(40)}==`),
  after('registry-login', [...registries.map((start) => start.toLowerCase()), 'auth"', 'auth\\'],
    new RegExp(String.raw`(?:"auth\\{0,8}"\s{0,8}:\s{0,8}\\{0,8}"(?=[A-Za-z0-9+/]{8,})(?=(?:[A-Za-z0-9+/]{4}){0,64}?(?:O[g-v]|[A-Za-z0-9+/][DTjz][o-r]|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]6))|(?=${registries.join('|')}))([A-Za-z0-9+/]{8,}={0,2})`, 'g'),
    `{"auths":{"r.example":{"auth":"«${Buffer.from(`bob:${mixed(9)}`).toString('base64')}»"}}}`, '{"auth":"required"} {"auth":"none"}'),
  after('password-hash', ['$1$', '$5$', '$6$', '$2a$', '$2b$', '$2x$', '$2y$', '$y$', '$gy$', '$apr1$', '$argon2'],
    new RegExp(String.raw`(?<![\w$])(\$(?:${crypted}))(?![./A-Za-z0-9])`, 'g'),
    `root:«$6$${mixed(8)}$${mixed(86)}»:19000:0:::`, `echo $1$2 $6$ $2b$10$short $5$${mixed(8)}$${mixed(40)}`),
  after('piped-password', ['sudo', 'passwd', 'password-stdin', 'secret put', 'secret set'],
    new RegExp(String.raw`${echo}(${word}{3,128})${pipe}(?:${reader}))`, 'g'), 'echo «hunter2» | sudo -S ls', 'echo hello | sudo tee /etc/x; echo $PW | sudo -S ls'),
  after('chpasswd', ['chpasswd'], new RegExp(String.raw`${echo}[\w.-]{1,32}:(${word}{3,128})${pipe}(?:sudo[ \t]{1,4})?chpasswd)`, 'g'),
    'echo root:«hunter2» | chpasswd', 'echo root:$PW | chpasswd; cat x | chpasswd'),
  after('redis-password', ['requirepass', 'masterauth'], new RegExp(String.raw`(?<![\w-])(?:requirepass|masterauth)[ \t]{1,4}${maybeQuote}${setting}`, 'g'),
    'requirepass «hunter2»', '# requirepass foobared: if requirepass is set'),
  after('oracle-login', ['sqlplus', 'jdbc:oracle:'],
    new RegExp(String.raw`(?:(?<![\w-])sqlplus[ \t]{1,4}(?:-[A-Za-z]{1,6}[ \t]{1,4}){0,4}${maybeQuote}|jdbc:oracle:(?:thin|oci):)[\w.$-]{1,64}\/([^\s"'@\\/]{3,128})(?=@)`, 'g'),
    'sqlplus -S scott/«tiger9»@orcl', 'sqlplus / as sysdba; jdbc:oracle:thin:@//db:1521/x'),
  after('sql-password-function', ['password('], /(?<![\w.]|new )PASSWORD\([ ]?'(?=[^'"\\]{0,128}\d)([^'"\\]{3,128})(?='[ ]?\))/gi,
    'SET PASSWORD = PASSWORD(\'«hunter2»\')', 'PASSWORD(\'secret\') PASSWORD(?)'),
  after('wifi-password', ['psk', 'nmcli'], new RegExp(`${wifi}([^\\s"'\\\\]{8,63})(?=["'\\s]|$|\\\\)`, 'g'), 'psk="«hunter2hunter»"', 'psk=off key_mgmt=WPA-PSK nmcli connection show'),
  after('preshared-key', ['sharedkey'], /(?<!\w)[Pp]re[Ss]haredKey[ \t]{0,4}=[ \t]{0,4}([A-Za-z0-9+/]{43}=)(?![A-Za-z0-9+/=])/g,
    `PresharedKey = «${mixed(43)}=»`, 'PresharedKey = (hidden)'),
  after('login-key', ['wandb login', 'vault login', 'approle', 'vault_secret_id'],
    /(?:wandb login (?:--relogin )?|vault login (?:-[\w-]{1,32} ){0,2}|(?:approle[^\n"'\\]{0,160}[ ?&,{]secret_id|VAULT_SECRET_ID)=)((?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[\w.-]{24,128})(?![\w.-])/g,
    `wandb login «${hex(40)}»`, 'wandb login --relogin; vault login -method=oidc; approle role_id=x'),
  after('secure-parameter', ['securestring'], new RegExp(String.raw`SecureString[ \t][^\n|;&]{0,160}?--value[ \t=]{1,4}${maybeQuote}${setting}`, 'g'),
    'put-parameter --type SecureString --value «hunter2»', 'put-parameter --type SecureString --value $PW1'),
  after('application-key', ['app_key', 'app-key', 'application_key', 'application-key'],
    /(?<![A-Za-z0-9])(?:(?:DD|DATADOG)[-_]APP(?:LICATION)?[-_]KEY["']?\s{0,2}[:=]\s{0,2}["']?(?=[0-9a-f]{40}(?![\w:+/=]))|APP_KEY=(?=base64:[A-Za-z0-9+/]{43}=(?![\w:+/=])))([\w:+/=]{40,51})/gi,
    `DD_APP_KEY=«${hex(40)}»`, `APP_KEY=abc dd_app_key=${hex(39)}`),
];
