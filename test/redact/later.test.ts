// What the later rules find, each in a text where no other finds anything, and what looks like it and stays.
import { expect, test } from 'vitest';
import type { JsonValue } from '../../src/event/json.js';
import { jsonTextOf } from '../../src/event/pass.js';
import { Redactor, mayHoldSecrets } from '../../src/redact/redactor.js';
import { hex, mixed } from '../../src/redact/sample.js';

const redactor = new Redactor(Buffer.from('a salt of a test'));
const key = (word: string): string => Buffer.from(`-----BEGIN ${word}PRIVATE KEY-----\n${mixed(40)}`).toString('base64');
const login = Buffer.from('bob:hunter2pass').toString('base64');

/** Texts, and arguments, with each secret between « and ». */
const found: readonly JsonValue[] = [
  // As lists.
  '["docker","login","-u","bob","-p","«hunter2»"]', "Running ['mysql', '-u', 'root', '-p«hunter2x»']", 'subprocess.run(["sshpass", "-p", "«hunter2»", "ssh", "h"])',
  'exec.Command("mysql", "-u", "root",\n\t"-p«hunter2x»")', '["curl","-u","bob:«hunter2»","https://x"]', 'Command { program: "sshpass", args: ["sshpass", "-p", "«hunter2»"] }',
  '{"argv":"[\\"sshpass\\",\\"-p\\",\\"«hunter2»\\"]"}', '["sudo","-u","bob","env","A=b","redis-cli","-a","«hunter2»"]', '["docker","exec","db","mysql","-p«hunter2»"]',
  // By programs.
  'helm registry login -u bob -p «s3cr3tPw» reg.example.com', 'az acr login -u bob -p «s3cr3tPw»', 'cqlsh -u bob -p «cassandra9»', 'redis-server --requirepass «hunter2x»', 'gh secret set KEY --body "«a1b2c3d4»"',
  'az keyvault secret set --name n --value «hunter2x»', ['gh', 'secret', 'set', 'KEY', '-b', '«a1b2c3d4»'], ['aws', 'ssm', 'put-parameter', '--type', 'SecureString', '--value', '«hunter2x»'],
  'lftp -u bob,«hunter2» ftp.example.com', 'smbclient //srv/share -U bob%«hunter2»', 'unzip -P «hunter2» a.zip',
  // Behind their names, without a separator.
  'Login { token: Some("«k3y1abc2d3»"), user: None }', 'password: Some(\\"«hunter»\\")', 'ds.setPassword("«hunter2»");', 'set_password(\'«hunter2»\')', "define('DB_PASSWORD', '«hunter2»');",
  'Command::new("psql").env("PGPASSWORD", "«hunter2»")', 'setx API_TOKEN "«k3y1abc2d3»"', 'set -x API_TOKEN «k3y1abc2d3»', '**Password:** «hunter2»', '| DB_PASSWORD | «Hunter2x» |',
  // Between colours.
  '\u001b[32mpassword\u001b[0m: «hunter2»', `\u001b[36mtoken\u001b[0m=\u001b[1m«${mixed(32)}»\u001b[0m`, `\u001b[33m«ghp_${mixed(36)}»\u001b[0m`, `{"log":"\\u001b[33m«ghp_${mixed(36)}»\\u001b[0m"}`,
  // In files and pipes.
  `    client-key-data: «${key('RSA ')}»`, `    client-key-data: «${key('')}»\n`, `{"auths":{"r.example":{"auth":"«${login}»"}}}`, `.dockerconfigjson: «${Buffer.from(`{"auths":{"r":{"auth":"${login}"}}}`).toString('base64')}»`,
  `bob:«$2b$10$${mixed(53)}»`, `«$argon2id$v=19$m=65536,t=3,p=4$${mixed(22)}$${mixed(43)}»`, 'echo «hunter2» | sudo -S ls', "echo 'hello' && echo '«hunter2»' | sudo -k -S ls", 'printf «hunter2» | docker login -u bob --password-stdin',
  'echo "bob:«hunter2»" | sudo chpasswd', 'redis-cli CONFIG SET requirepass "«hunter2»"', 'sqlplus scott/«tiger9»@orcl', 'nmcli dev wifi connect Home password «hunter2x»', `vault login «s.${mixed(24)}»`,
  `SET PASSWORD FOR 'a'@'b' = PASSWORD('«hunter2»')`, `APP_KEY=«base64:${mixed(43)}=»`, `DD-APPLICATION-KEY: «${hex(40)}»`,
  // As people say them.
  `here is my api key: «${mixed(32)}»`, `use this token «${mixed(40)}» to log in`, 'the password is «hunter2»', 'pw: «hunter2»', 'Das Passwort lautet «Xk9mQ2zz!»', 'mot de passe : «hunter2x»', 'contraseña: «hunter2x»', 'senha: «hunter2x»',
  'my pin is «4821»', '«493021» is your verification code', 'G-«493021» is your Google verification code', '2FA code: «493021»',
];

const clean: readonly JsonValue[] = [
  '["docker","run","-p","8080:80","nginx"]', '["mkdir","-p","/srv/x1"]', '["git","log","-p","HEAD~3"]', '["mysql","-u","root","-P","3306"]', '["curl","-u","bob","https://x"]', '["journalctl","-u","mongo","-p","err1"]', '["login","-p"]', '["sshpass","-p","$PW","ssh"]',
  '["sshpass","-p","PASSWORD","ssh"]', '["redis-cli","-a"]', 'helm registry login reg.example.com', 'helm list -A -p x1', 'gh secret list -b x1', 'gh secret set KEY --body "$KEY"', 'az keyvault secret show --name x --value', ['aws', 'ssm', 'put-parameter', '--type', 'String', '--value', 'production1'],
  'token: Some(token)', 'password: Some("***")', 'token: Some("csrf")', 'setPassword(pw)', 'user.setPassword("password")', 'setPassword(getPassword("db1"))', 'validatePassword("short1")', "define('DB_PASSWORD', getenv('DB_PASSWORD'));", "define('PASSWORD_MIN', '8');", 'put("password", "Password")', 'setx PATH "C:\\bin1"',
  '**Password:** required', '**Token**: see docs', '| `password` | string | yes |', '| password | varchar(255) | NO |', '| token | string64 |', '| DB_PASSWORD | the password of the database |', '\u001b[1mpassword\u001b[0m: required', '\u001b[31mToken\u001b[0m expired', '\u001b[33mwarning\u001b[39m: unused variable: `token`',
  `certificate-authority-data: ${Buffer.from(`-----BEGIN CERTIFICATE-----\n${mixed(40)}`).toString('base64')}`, '{"auth":"required"}', `{"authority":"${login}"}`, "awk '{print $1$2$6}' f", 'price is $5$ or $6$', 'echo hello | sudo tee /etc/x', 'echo $PW | sudo -S ls', 'cat pw | docker login --password-stdin -u bob',
  '# requirepass foobared', 'If requirepass is set, clients must AUTH', 'sqlplus / as sysdba', 'key_mgmt=WPA-PSK psk=off', 'nmcli connection show', 'vault login -method=oidc', "PASSWORD('secret')", 'my API key is missing', 'api key: required', 'here is my api key format: prefix-id', `the token ${hex(40)} expired`,
  'the password is step2', 'the password is hunter2 characters long', 'pw: 12345678', 'pw: 1200W', 'pw: power', 'Passwort vergessen?', 'Passwort: erforderlich', 'contraseña: mínimo 8 caracteres', 'mot de passe : obligatoire', 'my pin is bent', '493021 is your order number', '2fa code is 6 digits',
];

const bare = (value: JsonValue): JsonValue => JSON.parse(JSON.stringify(value).replace(/[«»]/g, '')) as JsonValue;

test.each(found.map((value) => [JSON.stringify(value).slice(0, 100), value] as const))('%s', (_name, value) => {
  const { event } = redactor.redact('generic', 'a', { detail: bare(value) });
  const shown = JSON.stringify(event['detail' as never]).replace(/\[redacted:[a-z0-9-]+:[0-9a-f]{8}\]/g, '«»');
  expect(shown).toBe(JSON.stringify(value).replace(/«[^»]*»/g, '«»'));
  expect(mayHoldSecrets(jsonTextOf(JSON.stringify({ detail: bare(value) })))).toBe(true);
  expect(redactor.redact('generic', 'a', event).event).toBe(event);
});

test('what looks like it stays', () => {
  expect(clean.filter((detail) => redactor.redact('generic', 'a', { detail }).redacted.length > 0)).toEqual([]);
});
