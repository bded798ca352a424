// Ordinary texts that look as if a secret stood apart from its name, by what they are about. None of it is masked; what is
// beside them in the last table is.
import { describe, expect, test } from 'vitest';
import { jsonTextOf } from '../../src/event/pass.js';
import type { JsonValue } from '../../src/event/json.js';
import { Redactor, mayHoldSecrets } from '../../src/redact/redactor.js';
import { hints } from '../../src/redact/rules.js';

const redactor = new Redactor(Buffer.from('a salt of a test'));

const clean: Record<string, readonly JsonValue[]> = {
  'accounts in sentences': [
    'The device ships with a default login and password that is printed on the box', 'default login and password that is printed', 'Every machine has login and password prompts',
    'machine has login and password prompts', 'use default account and password for tests', 'default login or password wrong', 'default login page password field', 'default login admin password required',
    'machine uses login and password auth', 'machine X login Y password Z', 'machine learning login and password leaks', 'machine + login screen password box', 'default login has password disabled',
    'docker-machine create login x password y', '{"text":"default login and password shown below"}', 'the machine db.example login name password prompt',
  ],
  'programs that are another command\'s argument': [
    'find /var/lib/mysql -perm 0644 -print', 'find . -name mysql -printf %p', 'journalctl -u mongo -p err', 'journalctl -u mysql -perr', 'systemctl show mysql -pMainPID', 'systemctl show mongo -p ActiveState',
    'docker run --name mongo -p $PORT:27017 mongo', 'docker run --name mysql -p${DB_PORT}:3306 mysql', 'docker run --network mongo -p 8081:8081 -e X=1 mongo-express', 'docker run --rm --link mysql mysql -pull',
    'docker compose -p mongo -p myproject up', 'docker compose run mysql -pfoo', 'docker-compose exec mysql -proj', 'docker build -t mysql -platform linux/amd64', 'docker exec -it mongo -p', 'docker exec mysql -p',
    'kubectl logs mongo -p c', 'kubectl logs pod/mongo -p mycontainer', 'kubectl patch deploy mongo -p patch.yaml', 'nmap mongo -p 1-65535', 'nmap mysql -p1-65535', 'ssh mongo -p 2222', 'ssh root@mongo -p 2222', 'sudo -u mongo -p prompt x',
    'cargo test -p mongo -p redis_store', 'cargo test -p mysql -pcore', 'git log mongo -p HEAD~3', 'git add mongo -p src', 'apt-get remove mysql -purge', 'gcc -o mysql -pthread', 'gcc -lmysql -pipe mysql -pg', 'strace -e mongo -p 12345',
    'grep -r ldapsearch -w src', 'npm i ldapjs -w packages/auth', 'man ldapsearch -w word', 'grep redis-cli -a file.log', 'git clone https://x/curl -b a=1', 'git checkout curl -b feature=1', 'nix-shell -p curl -b x=1', 'pytest tests/mysql -p xdist',
    'su - mysql -ps', 'tar -cf - /var/lib/mysql -pv', 'we use mongo -p flag', 'echo mysql -pabc', 'which mysql -pedantic', 'cp -r /data/mongo -p /backup',
  ],
  'options and variables of programs': [
    'mysql -pager=less', 'mysql -plugin', 'mysqladmin -ping', 'mysql -prompt=foo', 'mysql -port 3306', '7z -progress', 'curl -b "session=$SESSION"', 'curl -b session=$S', 'curl -b "sid=<sid>"', 'curl -b "NAME1=VALUE1; NAME2=VALUE2"', 'curl -b name=value',
    'mysql -p$PORT:1', 'mysql -p${PW:-x}', 'mysql -p<password>', 'mysql -p%PW%', 'sqlcmd -P $(pw)', 'sqlcmd -S srv -P 1433', 'redis-cli -a {self.password} ping', 'sshpass -p PASS ssh h',
  ],
  'codes': [
    'the pin is 1500 mm long', 'OTP is 20000 lines', 'OTP is 100000 lines', 'Erlang/OTP: 26', 'pin: 8080', 'connector pin: 1001, 1002', 'PIN: 560001', 'PIN code: 560001', '{"pin":"2780"}', 'nixpkgs pin: 20230412', 'otp: 20240101', 'your pin is 1500 mm',
    Array.from({ length: 257 }, (_, index) => `net ${index} pin: ${1000 + index}`).join('\n'), { pin: '2780', rows: [{ pin: '1000' }] }, ['gpio', '--pin', '1234', '--pin=1234'], '"pin" and otp="pin"',
  ],
  'places that a shell names': [
    'PWD=/srv/bob/app\nOLDPWD=/srv/bob\nSHELL=/bin/bash', 'PWD="/srv/Bob/my app"', 'pwd: /srv/app', 'PWD=C:\\Users\\Bob\\app', 'PWD=~', '{"PWD":"/workspace","USER":"bob"}', { env: { PWD: '/srv/bob/app', HOME: '/srv/bob' } },
    { env: ['PWD=/srv/Bob/app2', 'OLDPWD=/root'] },
  ],
  'strings that end where a name has its separator': [
    'print("Enter password: " + x + " please")', 'print("Password: " + pw)', 'getpass.getpass("Password: ")\nwhile not data["confirm"]:\n  pass', "input('Token: ').strip() or 'x'", 'read -sp "Password: " PW && echo "done1"',
    'logger.info("token=" + token + ", user=" + user)', '"password: " + password + "\\n"', "'password=' . $password . ';'", 'expect "Password:"\nsend "$pw\\r"',
  ],
  'programs': [
    'const commaToken = (0, util_1.nullThrows)(context.getTokenAfter(x), "m");', 'exports.isCommaToken = isCommaToken;', 'exports.isJSXToken = isJSXToken;', 'this.token = nextToken;', 'self.token = token', 'self.secret = secret', 'self._password = password',
    "currentToken = ['word', css.slice(pos)]", 'const hasToken = !!node.token;', 'const token = /** @type {Token} */ (x)', 'const leftToken = lastComment;', 'const token = req.headers.authorization?.split(" ")[1];', 'isCommaToken: IsPunctuator<",">;',
    'function scrypt(password: BinaryLike, salt: BinaryLike)', 'pub struct C { pub secret_key: SecretString }', 'foo(token=token, password=password)', 'refresh_token = refresh_token or self.other', 'const password = new Password(x)', 'my $pwd = CPAN::anycwd();',
    'my $token = $parser->next;', ':param access_token: OAuth access token.', ':param str password: Words that open it.', 'TOKEN=`cat x`', 'const wsToken = __WS_TOKEN__;',
  ],
  'what tools say of a secret': [
    'terraform plan\n  + password = (sensitive value)\n  + token    = (known after apply)', 'Data\n====\npassword:  12 bytes\nusername:  3 bytes', 'permissions:\n  contents: read\n  id-token: write\n', 'aws_secret_access_key: ****************ABCD',
    'passwd:         files systemd', '<a accesskey="h" href="index.html">Up</a>', 'password: !vault |', 'secret: !Ref DbSecret',
  ],
  'elements': [
    '<Password v-if="x">Show</Password>', '<Password Visibility="Hidden">PasswordBox</Password>', '<ConfirmPassword rules="x">Confirm</ConfirmPassword>', '<ChangePassword class="x">Submit</ChangePassword>', '<xs:password type="x">string</xs:password>', '<Secret a="b">k8s-secret1</Secret>',
    '<button name="update_password" value="update">Update</button>', '<input type="checkbox" id="remember_password" value="remember">', '<input type="submit" name="reset_password" value="Reset1">', '<input name="password" value="Password">', '<option name="password" value="basic2">',
    '<data name="InvalidPassword" xml:space="preserve"><value>Ungueltig</value></data>', '<data name="Lbl_Password"><value>Mot2passe</value></data>', '<trans-unit id="password"><source>8chars1</source>', '<h2 id="password">Step2Password</h2>', '<string name="password">Passwort123</string>',
    '<property name="password" value="java.lang.String"/>', '<property name="password" value="string"/>', '<param name="password" value="@pw1@"/>', '<param name="password" value="%pw1%"/>', '<param name="password" value="#{pw1}"/>', '<param name="password" value="{cipher}a1"/>',
    '<add key="RequirePassword" value="1"/>', '<add key="ForgotPassword" value="/forgot2"/>', '<add key="UrlPassword" value="https://x1/y"/>', '<setting name="ShowPassword"><value>Visible</value></setting>', '<entry key="db.password" value="/run/secrets/pw1"/>',
  ],
  'YAML and what looks like it': [
    '- name: DB_PASSWORD\n  value: /run/secrets/pw\n', '- name: DB_PASSWORD\n  value: vault:secret/data/db#password\n', '- name: DB_PASSWORD\n  value: secretref:db-pw\n', '- name: api-token\n  value: http://x1/y\n', '- name: DB_PASSWORD\n  value: "https://x1/y"\n',
    '- name: token\n  value: response.body.token\n', '- name: csrf-token\n  value: header\n', '- name: access_token\n  value: ERC20\n', 'onChange({name: password, value: event.target.value})', 'inputs.map({name: password, value: this.state.password})', 'setField({name: token, value: token})', '[{name: password, value: text}]', 'dispatch({key: token, value: getToken1()})',
    'password: >-\n  description\n', 'password: |\n  text\n  more\n', 'password: &default foo\n', 'password:\n  minLength8\n', 'secret:\n  secretName1abc\n', 'Password:\n  Login2failed\n', 'def f(password:\n  str1ng)',
  ],
  'sentences': [
    'password is k8s-managed', 'password to Office365', 'password to srv-web01', 'password to db01prod', 'token is RS256-signed', 'token is ERC20-compatible', 'The secret is default-token-x7k2p', 'The secret for a is db-creds-h4k9x', 'using password auth1234', 'with the password reset2024', 'the password is set in config2yaml',
    'Password is K8sManaged', 'password is WPA2Enterprise', 'the password is 8chars', 'password is about2expire', 'use password manager1', 'the token is session-8f3a2b1c', 'the secret is kubernetes1secretname', 'the token is abc123def4567', 'the token is USDCoin2024', 'password is "A1B2C3-style"',
  ],
};

describe('what is ordinary stays', () => {
  test.each(Object.entries(clean))('%s', (_name, texts) => {
    const masked = texts.filter((detail) => redactor.redact('generic', 'a', { detail }).redacted.length > 0);
    expect(masked).toEqual([]);
  });
});

describe('programs are found where a command begins', () => {
  const run = 'mysql -u root -pKx72';
  const before = ['', '  ', 'cd /a; ', 'a && ', 'a | ', '(', 'x=$(', '`', '"', "bash -lc '", 'sh -c ', 'text\n', '{"a":"b\\n', '$ ', '# ', 'bob@h:~$ ', '- ', '- run: ', 'RUN ', 'sudo ', 'sudo -u bob ', 'env A=b C=d ', 'A=b ', 'time ', 'timeout 5 ', 'timeout -k 1 5s ', 'nohup ', 'exec ', '/usr/bin/', './',
    'then ', 'docker exec db ', 'docker exec -it -u root -e A=b db ', 'sudo podman exec db ', 'docker compose -f a.yml exec -T db ', 'docker-compose exec db ', 'docker run --rm -it -e A=b image:1 ', 'kubectl exec pod -- ', 'kubectl -n a exec -it pod -c c -- ', 'ssh h ', 'ssh -p 22 -i k -tt bob@h ', 'ssh h sudo docker exec db '];

  test.each(before)('behind %j', (lead) => {
    const { event } = redactor.redact('generic', 'a', { detail: `${lead}${run} app` });
    expect(event['detail' as never]).toMatch(/mysql -u root -p\[redacted:password:[0-9a-f]{8}\] app$/);
  });

  test.each(['7z a', '7za a', '7zz a', 'mariadb-dump', 'mysqlimport'])('%s, too', (name) => {
    expect(redactor.redact('generic', 'a', { detail: `${name} -pKx72 b` }).redacted).toEqual(['/detail:password']);
    expect(mayHoldSecrets(jsonTextOf(JSON.stringify({ detail: `${name} -pKx72 b` })))).toBe(true);
  });
});

test('a code in JSON text is found at any depth, whatever stands beside it', () => {
  let detail = '{"otp":"493021"}';
  for (let depth = 0; depth < 3; depth++) {
    expect([detail, redactor.redact('generic', 'a', { detail }).redacted]).toEqual([detail, ['/detail:access-code']]);
    expect([...hints.all(`"${detail}`)].some((owner) => typeof owner === 'object' && owner.name === 'access-code')).toBe(true);
    detail = JSON.stringify({ a: detail });
  }
});

test('an argument with a mask in it is read as it was without', () => {
  const { event: once, redacted } = redactor.redact('generic', 'a', { argv: ['curl', '-u', 'mysql -pabc1 x\nmysql -pdef2 y'] });
  expect(redacted).toEqual(['/argv/2:password']);
  expect(redactor.redact('generic', 'a', once).event).toBe(once);
});

test('what later rules find leaves the others their number', () => {
  const later = Array.from({ length: 1100 }, (_, index) => ({ otp: String(100_000 + index) }));
  const { event, redacted } = redactor.redact('generic', 'a', { later, detail: 'login with pwd=hunter2 ok' });
  expect(redacted.length).toBe(1101);
  expect(event['detail' as never]).toMatch(/^login with pwd=\[redacted:password:[0-9a-f]{8}\] ok$/);
});

test('of tokens behind one name each look does not bare the next', () => {
  const token = (n: number): string => `1/1201234567890123:${String(n).repeat(32)}`;
  const { event } = redactor.redact('generic', 'a', { detail: `asana ${token(1)} ${token(2)} ${token(3)}` });
  expect(event['detail' as never]).toMatch(new RegExp(`^asana \\[redacted:asana-token:[0-9a-f]{8}\\] ${token(2)} ${token(3)}$`));
});

test('a value is found where a string or a program stands beside it', () => {
  const masked = (detail: string): string => JSON.stringify(redactor.redact('generic', 'a', { detail }).event['detail' as never]).replace(/\[redacted:([a-z-]+):[0-9a-f]{8}\]/g, '[$1]');
  for (const [text, expected] of [
    ["ALTER LOGIN sa WITH PASSWORD = N'P@ssw0rd1';", "ALTER LOGIN sa WITH PASSWORD = N'[password]';"],
    ['app.secret_key = b"k3y1abc2"', 'app.secret_key = b"[api-key]"'],
    ["it isn't hard: password='hunter2'", "it isn't hard: password='[password]'"],
    // Behind a quote that nobody closes.
    ['5" wide, password="hunter2"', '5" wide, password="[password]"'],
    ["the users' token='k3y1abc2'", "the users' token='[token]'"],
    ['API_TOKEN = letmeinagain', 'API_TOKEN = [token]'],
    ['x-api-key = letmeinagain', 'x-api-key = [api-key]'],
    ['run("a", "b", password="hunter2")', 'run("a", "b", password="[password]")'],
    ['"""Connects, password="hunter2"."""', '"""Connects, password="[password]"."""'],
    ['{"a":"say \\"hi\\" with password=\\"hunter2\\""}', '{"a":"say \\"hi\\" with password=\\"[password]\\""}'],
    [`${'x'.repeat(300)}"; password="hunter2"`, `${'x'.repeat(300)}"; password="[password]"`],
    ['password = hunter\npwd = hunter', 'password = [password]\npwd = [password]'],
    ['PWD=/dGVz+Zq8/Kx==', 'PWD=[password]'],
    ['secret = correcthorse;', 'secret = [secret];'],
    ['token = FwoGZXIvYXdzEXAMPLE', 'token = [token]'],
    ['password=(abc)def', 'password=[password]'],
    ['const token = `k3y1abc2`;', 'const token = `[token]`;'],
    ['{"x-api-key":"k"}', '{"x-api-key":"[api-key]"}'],
  ] as const) expect(masked(text)).toBe(JSON.stringify(expected));
});
