// Where secrets stand, and what only looks as if: literal texts in, literal texts out, `⟦rule⟧` standing for a mask.
import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../src/event/json.js';
import { JsonMap } from '../../src/event/json.js';
import { Redactor } from '../../src/redact/redactor.js';
import { hex, lower, mixed, upper, uuid } from '../../src/redact/sample.js';

const redactor = new Redactor(Buffer.from('a salt of a test'));

function short(value: unknown): string {
  return JSON.stringify(value).replace(/\[redacted:([a-z0-9-]+):[0-9a-f]{8}\]/g, '⟦$1⟧');
}

function redacted(detail: JsonValue): string {
  return short((redactor.redact('generic', 'a', { action: 'a', detail }).event as JsonObject)['detail']);
}

const awsId = `AKIA${upper(16)}`;
const github = `ghp_${mixed(36)}`;
const pem = `-----BEGIN RSA PRIVATE KEY-----\n${mixed(64)}\n${mixed(30)}\n-----END RSA PRIVATE KEY-----`;

const texts: [name: string, text: string, masked: string][] = [
  ['a password in a sentence', 'login with password=hunter2 ok', 'login with password=⟦password⟧ ok'],
  ['a quoted password', 'password="hunter2 and more" ok', 'password="⟦password⟧" ok'],
  ['a password in single quotes', "password = 'hunter2' ok", "password = '⟦password⟧' ok"],
  ['a setting', 'user: bob\npassword: hunter2\nhost: db', 'user: bob\npassword: ⟦password⟧\nhost: db'],
  ['a setting with a plain word', 'token: abcdef\n', 'token: ⟦token⟧\n'],
  ['an environment variable', 'export DB_PASSWORD=hunter2 FOO_TOKEN="abc"; run', 'export DB_PASSWORD=⟦password⟧ FOO_TOKEN="⟦token⟧"; run'],
  ['a query', 'GET /x?access_token=abc123&user=bob', 'GET /x?access_token=⟦token⟧&user=bob'],
  ['a connection string', 'Server=db;Password=hunter2;Timeout=5', 'Server=db;Password=⟦password⟧;Timeout=5'],
  ['JSON text', '{"user":"bob","password":"hunter2","n":1}', '{"user":"bob","password":"⟦password⟧","n":1}'],
  ['JSON text with blanks', '{ "apiKey" : "abc123" }', '{ "apiKey" : "⟦api-key⟧" }'],
  ['JSON text inside JSON text', '{"a":"{\\"password\\":\\"hunter2\\",\\"b\\":1}"}', '{"a":"{\\"password\\":\\"⟦password⟧\\",\\"b\\":1}"}'],
  ['JSON text two levels deep', String.raw`"{\"a\":\"{\\\"token\\\":\\\"abc\\\"}\"}"`, String.raw`"{\"a\":\"{\\\"token\\\":\\\"⟦token⟧\\\"}\"}"`],
  ['an escaped quote in a value', String.raw`{"password":"hun\"ter2","b":1}`, '{"password":"⟦password⟧","b":1}'],
  ['a backslash that ends a value', String.raw`{"password":"hunter\\","b":1}`, '{"password":"⟦password⟧","b":1}'],
  ['an assignment inside JSON text', String.raw`{"cmd":"login password=hunter2\n","n":1}`, String.raw`{"cmd":"login password=⟦password⟧\n","n":1}`],
  ['a list of a header in JSON text', '{"Authorization":["Bearer abc"]}', '{"Authorization":["Bearer ⟦authorization⟧"]}'],
  ['arguments in JSON text', '{"argv":["app","--token","X","--secret","--v"]}', '{"argv":["app","--token","⟦token⟧","--secret","--v"]}'],
  ['pairs of headers in JSON text', '[["Host", "a"], ["Authorization", "Bearer X"]]', '[["Host", "a"], ["Authorization", "Bearer ⟦authorization⟧"]]'],
  ['a dictionary of Python', "{'password': 'hunter2', 'a': None}", "{'password': '⟦password⟧', 'a': None}"],
  ['an index', "config['api_key'] = 'abc123'", "config['api_key'] = '⟦api-key⟧'"],
  ['an element', '<user>bob</user><password>hunter2</password>', '<user>bob</user><password>⟦password⟧</password>'],
  ['a Bearer header', 'Authorization: Bearer X', 'Authorization: Bearer ⟦authorization⟧'],
  ['a Basic header', 'authorization: basic dXNlcjpwYXNz', 'authorization: basic ⟦basic-credentials⟧'],
  ['a Token header', 'Authorization: Token abc', 'Authorization: Token ⟦authorization⟧'],
  ['a header of an unknown scheme', 'Authorization: Foo abc123', 'Authorization: Foo ⟦authorization⟧'],
  ['a header of many parts', 'Authorization: Digest username="bob", response="abc"', 'Authorization: Digest ⟦authorization⟧'],
  ['the same in JSON text', String.raw`{"h":"Authorization: Digest username=\"bob\", response=\"abc\"","n":1}`, '{"h":"Authorization: Digest ⟦authorization⟧","n":1}'],
  ['a header without a scheme', 'Authorization: abc123', 'Authorization: ⟦authorization⟧'],
  ['a header in a command', "curl -H 'Authorization: Bearer X' https://a.example/", "curl -H 'Authorization: Bearer ⟦authorization⟧' https://a.example/"],
  ['headers', 'Host: a\r\nCookie: a=b; c=d\r\nX-Api-Key: abcdef\r\n', 'Host: a\r\nCookie: ⟦cookie⟧\r\nX-Api-Key: ⟦api-key⟧\r\n'],
  ['a flag', 'run --token abc123 --verbose', 'run --token ⟦token⟧ --verbose'],
  ['a flag with =', "run --client-secret='a b' -v", "run --client-secret='⟦secret⟧' -v"],
  ['userinfo', 'postgres://user:pw@host:5432/db', 'postgres://user:⟦url-userinfo⟧@host:5432/db'],
  ['userinfo without a user', 'redis://:pw@host', 'redis://:⟦url-userinfo⟧@host'],
  ['userinfo with an at sign', 'postgres://user:p@ss:w@host/db', 'postgres://user:⟦url-userinfo⟧@host/db'],
  ['userinfo in escaped JSON', String.raw`{"u":"https:\/\/bob:pw@host\/x"}`, String.raw`{"u":"https:\/\/bob:⟦url-userinfo⟧@host\/x"}`],
  ['a long password in userinfo', `https://AWS:${mixed(300)}@h/x`, 'https://AWS:⟦url-userinfo⟧@h/x'],
  ['an unescaped password in userinfo', 'postgres://u:p/w@h/db https://u:p@ss#x@h/ ftp://u:p/q@r@h/x?a@b', 'postgres://u:⟦url-userinfo⟧@h/db https://u:⟦url-userinfo⟧@h/ ftp://u:⟦url-userinfo⟧@h/x?a@b'],
  ['a token as userinfo', `git clone https://${hex(40)}@h/o/r.git https://Zq8hunterKx@h`, 'git clone https://⟦url-token⟧@h/o/r.git https://⟦url-token⟧@h'],
  ['userinfo whose user is a name of a secret', 'https://x-access-token:abcdef@github.com/a', 'https://x-access-token:⟦url-userinfo⟧@github.com/a'],
  ['userinfo without a scheme', '//bob:hunter2@h/x u=//bob:hunter2@h/x', '//bob:⟦url-userinfo⟧@h/x u=//bob:⟦url-userinfo⟧@h/x'],
  ['userinfo of a data source', 'bob:hunter2@tcp(h:3306)/db', 'bob:⟦dsn-password⟧@tcp(h:3306)/db'],
  ['userinfo that is encoded', 'u=https%3A%2F%2Fbob%3Ahunter2%40h https%3A//bob:pw@h', 'u=https%3A%2F%2Fbob%3A⟦encoded-userinfo⟧%40h https%3A//bob:⟦url-userinfo⟧@h'],
  ['a password with brackets', 'password=Summer(2026)!xx PGPASSWORD=Kx7{9aQ2 psql password=Abc[1]def', 'password=⟦password⟧ PGPASSWORD=⟦password⟧ psql password=⟦password⟧'],
  ['variables that have a line each', 'DB_PASSWORD=x,fKx82\nexport A_TOKEN=Tr0ub&dor3xx\nB_SECRET=x)Kq92;\nC_TOKEN={Kq92', 'DB_PASSWORD=⟦password⟧\nexport A_TOKEN=⟦token⟧\nB_SECRET=⟦secret⟧;\nC_TOKEN=⟦token⟧'],
  ['what is no variable in JSON text', '{"password":"$ecret","token":":a"}', '{"password":"⟦password⟧","token":"⟦token⟧"}'],
  ['keys in their providers\' company', `LaunchDarkly sdk-${uuid()} mailgun key-${hex(32)}`, 'LaunchDarkly ⟦launchdarkly-key⟧ mailgun ⟦mailgun-key⟧'],
  ['bare Basic credentials', `got Basic ${Buffer.from('bob:hunter2').toString('base64')}, twice`, 'got Basic ⟦basic-credentials⟧, twice'],
  ['an assignment that is encoded', 'cb?next=%2Fa%3Faccess_token%3Dabc123%26x&pwd%3dhunter2', 'cb?next=%2Fa%3Faccess_token%3D⟦token⟧%26x&pwd%3d⟦password⟧'],
  ['names and values in JSON text', '[{"name":"DB_PASSWORD","value":"x7"},{"password":{"value":"y"}}]', '[{"name":"DB_PASSWORD","value":"⟦password⟧"},{"password":{"value":"⟦password⟧"}}]'],
  ['curl in a text', 'curl -s -u bob:hunter2 https://a.example', 'curl -s -u bob:⟦basic-auth⟧ https://a.example'],
  ['a private key', `before\n${pem}\nafter`, 'before\n⟦private-key⟧\nafter'],
  ['a private key in JSON text', JSON.stringify({ a: `${pem}\n` }), '{"a":"⟦private-key⟧\\n"}'],
  ['a named private key in JSON text', JSON.stringify({ private_key: `${pem}\n`, b: 1 }), '{"private_key":"⟦private-key⟧","b":1}'],
  ['a private key that is cut off', pem.slice(0, 80), '⟦private-key⟧'],
  ['a private key with headers that is cut off', `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AA\n\n${mixed(64)}\n${mixed(9)}`, '⟦private-key⟧'],
  ['a private key that is quoted', `> -----BEGIN RSA PRIVATE KEY-----\n> ${mixed(64)}\n> ${mixed(64)}`, '> ⟦private-key⟧'],
  ['a private key in a query', `k=-----BEGIN%20RSA%20PRIVATE%20KEY-----%0A${mixed(64)}&x=1`, 'k=⟦private-key⟧&x=1'],
  ['a token of an app of GitHub', `x ghs_123456_eyJhbGciOiJSUzI1NiJ9.eyJ${mixed(120)}.${mixed(342)} y`, 'x ⟦github-app-token⟧ y'],
  ['a key of PuTTY', `Private-Lines: 2\r\n${mixed(64)}\r\n${mixed(30)}==\r\nPrivate-MAC: ${hex(40)}`, `Private-Lines: 2\r\n⟦putty-key⟧\r\nPrivate-MAC: ${hex(40)}`],
  ['tokens of one kind with several heads', `sk_org_live_${mixed(30)} glrtr-${mixed(20)} EAAC${mixed(120)}`, '⟦stripe-key⟧ ⟦gitlab-token⟧ ⟦facebook-token⟧'],
  ['a JWT behind words', `id_eyJhbGciOiJSUzI1NiJ9.eyJ${mixed(40)}.${mixed(43)} tok-eyJhbGciOiJSUzI1NiJ9.e30.${mixed(43)}`, 'id_⟦jwt⟧ tok-⟦jwt⟧'],
  ['tokens longer than any that were issued', `ghp_${mixed(300)} sk-proj-${mixed(300)} bearer ${mixed(20)}/${mixed(5000)} ghp_${mixed(36)}_x`,
    '⟦github-token⟧ ⟦openai-key⟧ bearer ⟦bearer⟧ ⟦github-token⟧'],
  ['several secrets', `${awsId} and ${github}, password=hunter2`, '⟦aws-access-key-id⟧ and ⟦github-token⟧, password=⟦password⟧'],
  ['the most specific rule', `Authorization: Bearer ${github}`, 'Authorization: Bearer ⟦github-token⟧'],
  ['the most specific rule in an assignment', `GITHUB_TOKEN=${github}`, 'GITHUB_TOKEN=⟦github-token⟧'],
  ['a secret inside a wider one', `password="a ${github} b"`, 'password="⟦password⟧"'],
  ['a long value', `a pass=${mixed(600)}; b token: ${mixed(256)} c`, 'a pass=⟦password⟧; b token: ⟦token⟧ c'],
  ['a secret behind an escape', String.raw`{"a":"x\n${awsId}"}`, String.raw`{"a":"x\n⟦aws-access-key-id⟧"}`],
  ['an AWS key pair', `aws_access_key_id=${awsId} aws_secret_access_key=${mixed(40)}`,
    'aws_access_key_id=⟦aws-access-key-id⟧ aws_secret_access_key=⟦aws-secret-access-key⟧'],
  ['a storage account', `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${mixed(86)}==;EndpointSuffix=core`,
    'DefaultEndpointsProtocol=https;AccountName=a;AccountKey=⟦azure-storage-key⟧;EndpointSuffix=core'],
  ['commands', 'mysql -h db -u root -pKx72 app; sudo docker login -u bob -p Kx72 r.io && ls | sshpass -p "a b" ssh h', 'mysql -h db -u root -p⟦password⟧ app; sudo docker login -u bob -p ⟦password⟧ r.io && ls | sshpass -p "⟦password⟧" ssh h'],
  ['what a command runs elsewhere', 'docker exec -it -e A=b db mysql -u root -pKx72 app; kubectl -n a exec pod -c c -- redis-cli -h h -a Kx72; ssh -p 22 bob@h mysqldump -pKx72 app; env A=b timeout 9 sshpass -p Kx72 ssh h', 'docker exec -it -e A=b db mysql -u root -p⟦password⟧ app; kubectl -n a exec pod -c c -- redis-cli -h h -a ⟦password⟧; ssh -p 22 bob@h mysqldump -p⟦password⟧ app; env A=b timeout 9 sshpass -p ⟦password⟧ ssh h'],
  ['a command on several lines', 'mysql -u root \\\n  -pKx72 app\nls -pKx73', 'mysql -u root \\\n  -p⟦password⟧ app\nls -pKx73'],
  ['a command in a sentence', 'Run `redis-cli -h r -a Kx72`, then: "mongosh -u bob -p Kx73"', 'Run `redis-cli -h r -a ⟦password⟧`, then: "mongosh -u bob -p ⟦password⟧"'],
  ['a command in JSON text', '{"command":"cd /a && mysql -u root -pKx72 app","n":1}', '{"command":"cd /a && mysql -u root -p⟦password⟧ app","n":1}'],
  ['quotes of a command in JSON text', String.raw`{"command":"bash -c \"sshpass -p 'a b' ssh h\"","more":"sshpass -p \"a b\" ssh h"}`, String.raw`{"command":"bash -c \"sshpass -p '⟦password⟧' ssh h\"","more":"sshpass -p \"⟦password⟧\" ssh h"}`],
  ['a password in a sentence about it', 'the password is Winter2026. The token was changed to Zq8hunterKx9, passphrase for bob is now Zq8hunter!', 'the password is ⟦password⟧. The token was changed to ⟦token⟧, passphrase for bob is now ⟦password⟧'],
  ['a password that was changed', 'The password for the new box is Zq8hunter. The root password was changed to `Zq8hunter`, log in with the password "hunter2", or with password Zq8hunter, password is: hunter2', 'The password for the new box is ⟦password⟧. The root password was changed to `⟦password⟧`, log in with the password "⟦password⟧", or with password ⟦password⟧, password is: ⟦password⟧'],
  ['elements', '<ns:Password Type="x">hunter2</ns:Password><password><![CDATA[a<b 1]]></password><db:token a="b">\n Zq8hunterKx\n</db:token>', '<ns:Password Type="x">⟦password⟧</ns:Password><password><![CDATA[⟦password⟧]]></password><db:token a="b">\n ⟦token⟧\n</db:token>'],
  ['elements in JSON text', String.raw`{"a":"<p:password x=\"y\">\n hunter2\n</p:password>"}`, String.raw`{"a":"<p:password x=\"y\">\n ⟦password⟧\n</p:password>"}`],
  ['a property', '<setting name="FtpPassword" serializeAs="String"><value>Ft9</value></setting><property name="db.password">hunter2</property> <add key="app:Password" value="x y 1"/>', '<setting name="FtpPassword" serializeAs="String"><value>⟦password⟧</value></setting><property name="db.password">⟦password⟧</property> <add key="app:Password" value="⟦password⟧"/>'],
  ['names and values in YAML', '- name: DB_PASSWORD\n  value: hunter2\n- name: "A_TOKEN"\n  value: "x"\n- {name: A_SECRET, value: x7}\n- name: A\n  value: b', '- name: DB_PASSWORD\n  value: ⟦password⟧\n- name: "A_TOKEN"\n  value: "⟦token⟧"\n- {name: A_SECRET, value: ⟦secret⟧}\n- name: A\n  value: b'],
  ['the same in JSON text', String.raw`{"a":"- name: DB_PASSWORD\n  value: \"hunter2\"\n"}`, String.raw`{"a":"- name: DB_PASSWORD\n  value: \"⟦password⟧\"\n"}`],
  ['a block in YAML', 'password: |\n  hunter2\n  more\nhost: a\napi_key: >-\n  Zq8hunter\nlast: b', 'password: |\n  ⟦password⟧\nhost: a\napi_key: >-\n  ⟦api-key⟧\nlast: b'],
  ['other places in YAML', 'password: &pw hunter2\nroot_password:\n  Zq8hunter\nhost: a', 'password: &pw ⟦password⟧\nroot_password:\n  ⟦password⟧\nhost: a'],
  ['a .netrc on many lines', 'machine a.example\n  login bob\n  password hunter2\nmachine b.example login c password d1', 'machine a.example\n  login bob\n  password ⟦netrc⟧\nmachine b.example login c password ⟦netrc⟧'],
  ['a .netrc in JSON text', String.raw`{"a":"machine h\n\tlogin b\n\tpassword hunter2\n"}`, String.raw`{"a":"machine h\n\tlogin b\n\tpassword ⟦netrc⟧\n"}`],
  ['a .pgpass', 'echo "db:5432:app:bob:hunter2" > ~/.pgpass\n*:*:*:bob:a\\:b', 'echo "db:5432:app:bob:⟦pgpass⟧" > ~/.pgpass\n*:*:*:bob:⟦pgpass⟧'],
  ['codes', 'YOUR PASSWORD IS Hunter22. Your OTP is 493021. otp=493021&x Your PIN: 4930. {"otp":"493021","otp":493021,"sim_pin":"4930"} verification code is 493021', 'YOUR PASSWORD IS ⟦password⟧. Your OTP is ⟦access-code⟧. otp=⟦access-code⟧&x Your PIN: ⟦access-code⟧. {"otp":"⟦access-code⟧","otp":493021,"sim_pin":"⟦access-code⟧"} verification code is ⟦access-code⟧'],
  ['a value whole, or not at all', `<add key="Password" value="O'Brien7"/> mysql -phun'ter2' app; the password is "hunt'er2" now\n- name: DB_PASSWORD\n  value: hun,ter{2}\n- name: A_PASSWORD\n  value: hun ter2`,
    `<add key="Password" value="⟦password⟧"/> mysql -phun'ter2' app; the password is "⟦password⟧" now\n- name: DB_PASSWORD\n  value: ⟦password⟧\n- name: A_PASSWORD\n  value: hun ter2`],
  ['what was masked before', 'setHeader("Cookie", "a=b; c=d"); set --token Zq8hunter; password=!x; pwd=/dGVz+Zq8/Kx==', 'setHeader("Cookie", "⟦cookie⟧"); set --token ⟦token⟧; password=⟦password⟧; pwd=⟦password⟧'],
  ['a registry\'s token', '//registry.example.org/:_authToken=abc-def-123', '//registry.example.org/:_authToken=⟦token⟧'],
];

const values: [name: string, value: JsonValue, masked: string][] = [
  ['a value by its key', { aws_secret_access_key: 'short' }, '{"aws_secret_access_key":"⟦aws-secret-access-key⟧"}'],
  ['every spelling of a key', { dbPassword: 'a b', 'x-api-key': 'k', CLIENT_SECRET: 's', accessToken: 't', Passwd: 'p' },
    '{"dbPassword":"⟦password⟧","x-api-key":"⟦api-key⟧","CLIENT_SECRET":"⟦secret⟧","accessToken":"⟦token⟧","Passwd":"⟦password⟧"}'],
  ['a key with a number', { password2: 'a', SECRET_KEY_BASE: 'b' }, '{"password2":"⟦password⟧","SECRET_KEY_BASE":"⟦secret⟧"}'],
  ['a header by its key', { Authorization: 'Bearer X', cookie: 'a=b' }, '{"Authorization":"Bearer ⟦authorization⟧","cookie":"⟦cookie⟧"}'],
  ['values of a header', { authorization: ['Bearer X', 'Basic Y'] }, '{"authorization":["Bearer ⟦authorization⟧","Basic ⟦authorization⟧"]}'],
  ['a list of headers', ['Host: a', 'Authorization: Bearer X', 'X-Auth-Token: abc'],
    '["Host: a","Authorization: Bearer ⟦authorization⟧","X-Auth-Token: ⟦token⟧"]'],
  ['a list of pairs', [['Host', 'a'], ['x-api-key', 'abc'], ['password', 'b']], '[["Host","a"],["x-api-key","⟦api-key⟧"],["password","⟦password⟧"]]'],
  ['a flat list of headers', ['Host', 'a', 'Authorization', 'Bearer X'], '["Host","a","Authorization","Bearer ⟦authorization⟧"]'],
  ['a list of names and values', [{ name: 'DB_PASSWORD', value: 'x' }, { name: 'A', value: 'x' }],
    '[{"name":"DB_PASSWORD","value":"⟦password⟧"},{"name":"A","value":"x"}]'],
  ['the lines of a private key', ['-----BEGIN RSA PRIVATE KEY-----', 'Proc-Type: 4,ENCRYPTED', '', mixed(64), mixed(30), '-----END RSA PRIVATE KEY-----', mixed(64)],
    `["-----BEGIN RSA PRIVATE KEY-----","⟦private-key⟧","","⟦private-key⟧","⟦private-key⟧","-----END RSA PRIVATE KEY-----","${mixed(64)}"]`],
  ['what is no variable, nor a template, in a map', [{ password: '$ecret' }, { password: ':hunter' }, { password: '%x%' }, { password: '{Ab12cd}' }, { password: 'YourMomIsBlue' }],
    '[{"password":"⟦password⟧"},{"password":"⟦password⟧"},{"password":"⟦password⟧"},{"password":"⟦password⟧"},{"password":"⟦password⟧"}]'],
  ['nor in arguments', ['x', '--password', '$ecret', '--token=$ecret', '--pass', 'your secret phrase'], '["x","--password","⟦password⟧","--token=⟦token⟧","--pass","⟦password⟧"]'],
  ['JSON text that is a password', { password: '{"a":"b"}' }, '{"password":"\\"⟦password⟧\\""}'],
  ['maps and lists under a name', { password: { value: 'x', type: 'string', id: 'a1b2c3d4', db: 'Zq8hunter' }, token: [['a', 'b']] },
    '{"password":{"value":"⟦password⟧","type":"string","id":"a1b2c3d4","db":"⟦password⟧"},"token":[["⟦token⟧","⟦token⟧"]]}'],
  ['numbers', { password: 12345678, passwords: 7, secret: [123456, 1] }, '{"password":"⟦password⟧","passwords":7,"secret":["⟦secret⟧",1]}'],
  ['plurals', { passwords: ['Zq8hunter'], secrets: { db: 'Zq8hunter', n: 'app-tls' }, api_keys: ['abc123def'] },
    '{"passwords":["⟦password⟧"],"secrets":{"db":"⟦secret⟧","n":"app-tls"},"api_keys":["⟦api-key⟧"]}'],
  ['more names', { passWord: 'a', pass_word: 'b', passPhrase: 'c', credentials: 'Zq8hunter', auth: 'Basic Zq8hunter', _auth: 'Zq8hunter', auths: { 'r.io': { auth: 'dTpodW50ZXIy' } } },
    '{"passWord":"⟦password⟧","pass_word":"⟦password⟧","passPhrase":"⟦password⟧","credentials":"⟦credential⟧","auth":"Basic ⟦authorization⟧","_auth":"⟦authorization⟧","auths":{"r.io":{"auth":"⟦authorization⟧"}}}'],
  ['settings as arguments', ['aws', 'configure', 'set', 'aws_secret_access_key', 'x', '--profile', 'y'], '["aws","configure","set","aws_secret_access_key","⟦aws-secret-access-key⟧","--profile","y"]'],
  ['a registry\'s token as an argument', ['npm', 'config', 'set', '//r/:_authToken', 'x'], '["npm","config","set","//r/:_authToken","⟦token⟧"]'],
  ['short options of curl', ['curl', '-ubob:X', '-sSu', 'bob:X', '-sSubob:X', '-HAuthorization: Bearer X', '-b', 'session=X', '-sb', 'jar.txt', '--oauth2-bearer', 'Zq8hunter'],
    '["curl","-ubob:⟦password⟧","-sSu","bob:⟦password⟧","-sSubob:⟦password⟧","-HAuthorization: Bearer ⟦authorization⟧","-b","⟦cookie⟧","-sb","jar.txt","--oauth2-bearer","⟦credential⟧"]'],
  ['a shell\'s line with a program', ['sh', '-c', "cd /a && sshpass -p 'a b' ssh h; mysql -uroot -pX | curl -sSu bob:X h"], '["sh","-c","cd /a && sshpass -p \'⟦password⟧\' ssh h; mysql -uroot -p⟦password⟧ | curl -sSu bob:⟦password⟧ h"]'],
  ['a shell\'s line with a login', ['bash', '-lc', 'docker login -u bob -p "X" r.io && docker run -p 80:80 i'], '["bash","-lc","docker login -u bob -p \\"⟦password⟧\\" r.io && docker run -p 80:80 i"]'],
  ['keytool and credentials', ['keytool', '-storepass', 'x', '--credentials', 'u:Zq8hunter'], '["keytool","-storepass","⟦password⟧","--credentials","⟦credential⟧"]'],
  ['codes of one use', { otp: '493021', userPin: '4930', totp_code: '493021', pins: '4930', pin: ['--token', 'X'] }, '{"otp":"⟦access-code⟧","userPin":"⟦access-code⟧","totp_code":"⟦access-code⟧","pins":"4930","pin":["--token","⟦token⟧"]}'],
  ['codes as arguments', ['app', '--otp', '493021', '--user-pin=4930', '--pin', '4930', '--otp', '-pX'], '["app","--otp","⟦access-code⟧","--user-pin=⟦access-code⟧","--pin","4930","--otp","-pX"]'],
  ['what stands behind an option that a code goes by', ['mysql', '--otp', '-pX'], '["mysql","--otp","-p⟦password⟧"]'],
  ['a pair of arguments', ['app', '--token', 'X', '-v'], '["app","--token","⟦token⟧","-v"]'],
  ['a pair with blanks and commas', ['app', '--password', 'a, b c', 'x'], '["app","--password","⟦password⟧","x"]'],
  ['a pair of the AWS client', ['aws', '--secret-access-key', 'a/b+c'], '["aws","--secret-access-key","⟦aws-secret-access-key⟧"]'],
  ['an argument with =', ['app', '--token=X;y', '--password=a b'], '["app","--token=⟦token⟧","--password=⟦password⟧"]'],
  ['a variable', ['env', 'TOKEN=X&y', 'app'], '["env","TOKEN=⟦token⟧","app"]'],
  ['a header option', ['curl', '-H', 'Authorization: Bearer X', 'https://a.example'], '["curl","-H","Authorization: Bearer ⟦authorization⟧","https://a.example"]'],
  ['curl -u', ['/usr/bin/curl', '-u', 'bob:hunter2', 'https://a.example'], '["/usr/bin/curl","-u","bob:⟦password⟧","https://a.example"]'],
  ['sshpass -p', ['sudo', 'sshpass', '-p', 'hunter2', 'ssh', 'host'], '["sudo","sshpass","-p","⟦password⟧","ssh","host"]'],
  ['mysql -p', ['mysql', '-ubob', '-phunter2', 'db'], '["mysql","-ubob","-p⟦password⟧","db"]'],
  ['docker login', ['docker', 'login', '-u', 'bob', '-p', 'hunter2'], '["docker","login","-u","bob","-p","⟦password⟧"]'],
  ['openssl', ['openssl', 'rsa', '-passin', 'pass:hunter2'], '["openssl","rsa","-passin","pass:⟦password⟧"]'],
  ['a shell\'s line', ['sh', '-c', 'password=hunter2 app --token abc'], '["sh","-c","password=⟦password⟧ app --token ⟦token⟧"]'],
];

const longBlob = Buffer.from(Array.from({ length: 3072 }, (_, i) => (i * 7919 + (i >> 3) * 104_729) & 255)).toString('base64');

const clean: JsonValue[] = [
  uuid(), hex(40), hex(64), hex(32), `sha256:${hex(64)}`, `sha512-${mixed(86)}==`, longBlob, longBlob.replace(/\+/g, '-').replace(/\//g, '_'),
  `{"blob":"${longBlob}"}`, `image@sha256:${hex(64)}`, `commit ${hex(40)}`, { request_id: hex(32), agent_id: hex(64), machine_id: hex(64) },
  '/var/lib/secrets/token', '/etc/ssl/private/key.pem', 'C:\\Users\\bob\\passwords.txt', 'src/auth/token.ts:42:7', './node_modules/.bin/secret-tool',
  'the password is required', 'token expired', 'secret garden: a novel', 'The secret: never give up', 'Error: invalid token: unexpected end',
  'password: required', 'password must be set', 'a token, a secret and a password', 'authorization: denied for user bob', 'Cookie: a small cake',
  'the --token flag is required', 'use --password to log in', 'passes the token: see below', 'what a caller may pass: one of them',
  'password=<password>', 'token=${TOKEN}', 'token=$TOKEN', 'api_key={{token}}', 'api_key="YOUR_API_KEY"', 'password=xxxx', 'password=***',
  '{"password":null}', '{"token":true,"secret":""}', '{"password":"********"}', '--token <token>', 'Authorization: Bearer <token>',
  'Authorization: Bearer $TOKEN', 'https://user:${PASS}@host/', 'https://<user>:<password>@host/', 'password: ${{ secrets.PW }}', 'token=$(cat f)',
  'password_policy=strict', 'token_count: 42', 'max_tokens=100', 'next_token=abc123def', 'public_key=abc', 'primary key: id', 'monkey=abc keyboard=x',
  'https://a.example/path?x=1#y', 'http://localhost:8080/a@b', 'mail bob@host.example', 'git@github.com:org/repo.git', 'ssh://git@github.com/org/repo',
  `api-${uuid()}`, `sdk-${uuid()} started`, `EAAA${mixed(80)}`, `Public-Lines: 2\n${mixed(64)}`, `cache/key-${hex(32)}.tar`, `${hex(32)}-us1`, 'tests: pass=1204 fail=0', { pass: '1204', first_pass: 'complete' },
  { storage_key: 'uploads/2026/a.png', host_key: 'ssh-ed25519 AAAAC3Nz', ssh_key: 'ssh-rsa AAAAB3Nz bob@h', private_key: '/etc/ssl/private/x.pem', secret_key: '~/.keys/x' },
  { authorization: 'granted', role_key: 'admin', service_key: 'billing', token: '/var/run/secrets/token', deploy_key: 'SHA256:abc123def' }, 'shared_key=cluster-a',
  { password: '${DB_PASSWORD}', secret: '{{ vault }}', token: 'your-token' }, 'if (a) token=getToken() + b[0]', 'token=${getToken(x)}', 'PASSWORD=$(cat f)',
  { tokens: ['a', 'hello'], secrets: ['app-tls'], prompt_tokens: 1204, pin: 1234, auth: 'oauth2', credentials: 'include', auths: {} }, 'basic authentication Basic Information4You',
  { password: { type: 'string', minLength: 8, updated_at: '2026-01-01T00:00:00Z' }, token: { expires: '2026-01-01', url: 'https://h1.example/a' } },
  ['sh', '-c', 'mkdir -p a:b; docker run -p 80:80 i; curl -b jar.txt h'], ['curl', '-b', 'jar.txt'], ['git', 'config', 'user.name', 'bob'], ['git', 'config', 'credential.helper', 'store'],
  'https://git@github.com/o/r', 'docker://alpine:3.18@sha256:0a1b', 'see http://localhost:8080,bob@example.com', 'http://host:8080?x=a@b', 'ssh://git@h:22/x@y',
  'git+ssh://github.com:org/repo.git@v1', 'http://[::1]:8080/a@b', 'https://deploy-bot2@h/x', 'postgres://u:@h', 'a//b:c@d/e', 'http://localhost:8080/@vite/client',
  'user: bob', 'user: admin\nrole: root', '2026-11-20T13:05:59.123Z', 'key_lookup', 'SecretsRotated', 'bypass=1', 'compass: north',
  'function a(t,e){var n=t.token,r=e.password;return n===r||(t.token=e.token,this.password=n)}', 'const{token:e,secret:t}=n;e.token=t.token;',
  'if(password==null)token=getToken()', 'interface A { password: string; token?: string }', 'std::token::kind secret::x',
  { password: null, token: 42, secret: true, password_hint: 'dog', tokens: ['a'], max_tokens: 'x' }, { password: '', token: '<token>', secret: '$SECRET' },
  ['ls', '-la', '-p', '/tmp'], ['ssh', '-p', '22', 'host'], ['app', '--token', '--verbose'], ['app', '--password'], ['tag', 'password'], '{"a":"--token","b":[1]}', ['token', 'secret'],
  ['curl', '-u', 'bob', 'https://a.example'], ['docker', 'run', '-p', '80:80', 'image'], ['mysql', '-p', 'db'], ['mkdir', '-p', 'a:b'],
  { name: 'token', type: 'string' }, `x${awsId}`, `${awsId}0`, `a${github}`, 'task-force-of-the-very-long-name-aaaaaaaaaaaaaaaaa',
  'docker run --name mongo -p 27017:27017 mongo', 'docker run --name mysql -p3306:3306 -d mysql:8', 'docker exec db mysql -u root -p app', 'ssh -p 22 h redis-cli -h r get a', 'kubectl exec pod -- ls -p mysql',
  'mysql -u root -p app', 'docker run -p 80:80 login', 'the mysql option -port', 'mysql -p in the manual', 'mysql -uUSER -pPASSWORD', 'use sshpass with -p', 'mysql -p$PW -p"$PW" -p$$PW -p${PW} -p$(cat f)', 'docker login -u {user} -p {password} {repo}',
  'mongodump -u <user> -p <pass>', 'docker login -u $(oc whoami) -p $(oc whoami -t)', "sqlcmd -P '<YourNewPassw0rd>'", '{"cmd":"mysql -u root -p","next":"value7","x":"mysql -p \\"","y":1}', 'cp mongo -p /data/db', 'sshpass -p password ssh h',
  'the password is wrong', 'the password is sha256-hashed', 'the token is base64url encoded', 'password is 16-characters long', 'set password to expire', `the token is ${uuid()}`, 'token is v1.2.3-rc1', 'token for user bob was revoked',
  'password changed to comply', 'password is incorrect', 'password is too short', 'password is SCRAM-SHA-256', 'send the password to bob2@a.example', 'password to web-1.a.example', 'with password authentication', 'function f(token: A): token is CommaToken$1;', 'the token is AccessToken2', 'the password is `my_user_id2`', 'passwordPolicy is Strict2026',
  'secret:\n  name: x', 'secret:\n  required', 'password:\n  - a1b2c3d', 'password: |\n  what it is\n', 'token: |\n  string', 'password:\nhost7zz', "'storage_key':\n    (request.Key1,",
  '- name: token\n  kind: value', '- name: password\n  value: ${{ secrets.PW }}', '- name: API_TOKEN\n  value: $(TOKEN)', '- name: A_TOKEN\n  valueFrom:\n    x: y', '- name: token\n  value: string', '- name: token\n  value: ERC-20', '- name: REFRESH_TOKEN\n  value: 3600', '- name: DB_PASSWORD\n  value: "{{ .Values.pw }}"',
  '<label for="password">Password</label>', '<input type="password" name="password" />', '<input name="password" value="">', '<property name="password">none</property>', '<property name="password" value="${db.password}"/>', '<add key="Password" value="PASSWORD"/>', '<add key="Password" value="..."/>',
  '<add key="Password" value="the one you chose"/>', '<string name="password">Passwort</string>', '<string name="password">Mot de passe 1</string>', '<token kind="x">function</token>', '<password/>hunter2</a>', '<password x="y"/>hunter2</a>', '<token>', '<password type="x">Password</password>',
  'a machine with a login page and a password', 'machine a login b', 'default login page', 'root:*:19000:0:99999:7:::', 'docker run -p 127.0.0.1:5432:5432 db', 'src/a.ts:5432:5:warning:unused', 'db:5432:app:bob:$PW',
  { pin: 'gpio4', otp: 'required', spin: '4930', pins: '4930' }, { pin: '13', otp: 493021 }, ['app', '--pin', 'true'], '{"pin":1234}', 'pin: 13', 'spin: 4930', 'footprint is 4930', 'pin=4930.5', 'otp: required', 'pin is 4930-12',
  'asana 1/12', `rnd_${mixed(12)}`, 'rnd_state',
  '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----', '-----BEGIN PRIVATE KEY----- is how it starts', 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5 bob@host',
];

describe('secrets are masked, and only they', () => {
  test.each(texts)('%s', (_name, text, masked) => {
    expect(redacted(text)).toBe(JSON.stringify(masked));
  });

  test.each(values)('%s', (_name, value, masked) => {
    expect(redacted(value)).toBe(masked);
  });
});

describe('what is no secret stays', () => {
  test.each(clean.map((value) => [JSON.stringify(value).slice(0, 100), value] as const))('%s', (_text, value) => {
    const event = { action: 'a', detail: value };
    const { event: same, redacted: list } = redactor.redact('generic', 'a', event);
    expect(list).toEqual([]);
    expect(same).toBe(event);
  });
});

describe('the five streams', () => {
  test('the id that credentials_issued records stays, and only there', () => {
    const issued = { timestamp: 't', session_id: 's', provider: 'aws', event: { type: 'credentials_issued', access_key_id: awsId, expires_at: 't' } };
    expect(redactor.redact('tryaudex', 'credentials_issued', issued).event).toBe(issued);
    for (const [profile, kind] of [['tryaudex', 'session_ended'], ['generic', 'credentials_issued']] as const) {
      expect(redactor.redact(profile, kind, issued).redacted).toEqual(['/event/access_key_id:aws-access-key-id']);
    }
    const more = { ...issued, event: { ...issued.event, access_key_id: github, note: awsId } };
    expect(redactor.redact('tryaudex', 'credentials_issued', more).redacted)
      .toEqual(['/event/access_key_id:github-token', '/event/note:aws-access-key-id']);
  });

  test('x0x: the words of a command, and none of its ids', () => {
    const event = {
      event: 'request', ts_unix_ms: 1, request_id: hex(32), agent_id: hex(64), machine_id: lower(0) + hex(64),
      argv: ['deploy', '--token', github, '--to', hex(40)], matched_acl: null, stdin_bytes: 0, timeout_ms: 1,
    };
    const { event: masked, redacted: list } = redactor.redact('x0x.exec', 'request', event);
    expect(list).toEqual(['/argv/2:github-token']);
    expect(masked).toEqual({ ...event, argv: ['deploy', '--token', expect.stringMatching(/^\[redacted:github-token:[0-9a-f]{8}\]$/), '--to', hex(40)] });
  });

  test('mvm: the text in which a secret was found', () => {
    const finding = { category: 'SecretExposure', pattern_id: 'aws_key', severity: 'Critical', matched_text: awsId, context: `export A=${awsId}` };
    expect(short(redactor.redact('mvm.tenant', 'ThreatDetected', { threats: [finding] }).event))
      .toBe('{"threats":[{"category":"SecretExposure","pattern_id":"aws_key","severity":"Critical","matched_text":"⟦aws-access-key-id⟧","context":"export A=⟦aws-access-key-id⟧"}]}');
  });

  test('mvm: a secret that was exposed is masked whole, whatever it looks like, and in its context', () => {
    const finding = (matched: string, context: string, category = 'SecretExposure'): string => short(
      redactor.redact('mvm.tenant', 'ThreatDetected', { threats: [{ category, matched_text: matched, context }] }).event);
    const expected = (matched: string, context: string): string =>
      JSON.stringify({ threats: [{ category: 'SecretExposure', matched_text: matched, context }] });
    expect(finding('hunter2zz', 'login with hunter2zz, hunter2zz')).toBe(expected('⟦exposed-secret⟧', 'login with ⟦exposed-secret⟧, ⟦exposed-secret⟧'));
    expect(finding(mixed(40), `AWS_SECRET_ACCESS_KEY=${mixed(40)}`)).toBe(expected('⟦exposed-secret⟧', 'AWS_SECRET_ACCESS_KEY=⟦aws-secret-access-key⟧'));
    expect(finding('-----BEGIN PRIVATE KEY-----', `-----BEGIN PRIVATE KEY-----\n${mixed(64)}`)).toBe(expected('-----BEGIN PRIVATE KEY-----', '⟦private-key⟧'));
    expect(finding('-----BEGIN PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----\nMIIEow')).toBe(expected('-----BEGIN PRIVATE KEY-----', '⟦private-key⟧'));
    expect(finding('/srv/app/.netrc', 'cat /srv/app/.netrc')).toBe(expected('/srv/app/.netrc', 'cat /srv/app/.netrc'));
    expect(finding('rm -rf /', 'sh -c rm -rf /', 'Destructive')).not.toContain('⟦');
    const inside = { category: 'SecretExposure', matched_text: 'redacted', context: 'redacted5b' };
    const once = redactor.redact('mvm.tenant', 'a', { threats: [inside], password: inside }).event;
    expect(redactor.redact('mvm.tenant', 'a', once).event).toBe(once);
  });

  test('maps with any key, and pointers that say where', () => {
    const event = new JsonMap([['7', 'a'], ['a/b~c', new JsonMap([['__proto__', new JsonMap([['password', 'x']])], ['1', 'b']])], ['token', 'y']]);
    const { event: masked, redacted: list } = redactor.redact('generic', 'a', event);
    expect(list).toEqual(['/a~1b~0c/__proto__/password:password', '/token:token']);
    expect(masked).toBeInstanceOf(JsonMap);
    expect([...(masked as JsonMap).keys()]).toEqual(['7', 'a/b~c', 'token']);
  });
});
