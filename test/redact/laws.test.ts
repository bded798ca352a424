// What holds for every event, whatever stands in it, and for every salt.
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JsonMap, type JsonObject, type JsonValue, isJsonMapping, isTrapKey, jsonText } from '../../src/event/json.js';
import { findFirst, findSecrets, ownersIn } from '../../src/redact/detect.js';
import { jsonTextOf } from '../../src/event/pass.js';
import { Redactor, mayHoldSecrets } from '../../src/redact/redactor.js';
import { exampleOf } from '../../src/redact/rule.js';
import { hints, rules, textRules } from '../../src/redact/rules.js';
import { hex, mixed } from '../../src/redact/sample.js';

const redactor = new Redactor(Buffer.from('a salt of a test'));
const runs = { seed: 7, numRuns: 3000 };

/** What secrets stand in, in all combinations: names, separators, quotes at several depths, values, masks. */
const piece = fc.oneof(
  fc.constantFrom('password', 'token', 'api_key', '--token', 'Authorization', 'Cookie', 'secret', 'private_key', 'x-api-key', 'curl -u a', 'Bearer', '-p', 'mysql -u a', 'sshpass', 'password is', 'your pin is 4930', '\u001b[0m', '\\u001b[1m', '"mysql", "-pKx72"', "'sshpass', '-p', ", ': Some("', 'set_password("Kx72")', '**Password:** ', '| PASSWORD | ', 'passwort: ', 'my api key is ', '\nmysql -u a -pKx72 ', 'name: token', 'value', '<password', 'machine a login b password', 'a:5432:b:c', 'otp'),
  fc.constantFrom('=', ':', ': ', ' = ', '=>', ' ', '\n', ', ', ',', ';', '&', '?', '"', "'", '`', '\\"', '\\', '\\n', '{', '}', '[', ']', '<', '>', '@', '://', '/'),
  fc.constantFrom('hunter2', 'X', 'Zq8hunterKx', '4930', 'abc def', '<token>', '$X', '[redacted:token:0a1b2c3d]', '[redacted:', '12', 'null', 'Bearer abc', 'a=b; c=d', 'é😀'),
  fc.constantFrom(...rules.map((rule) => exampleOf(rule.example).text)),
  fc.string({ maxLength: 6 }),
);
const text = fc.array(piece, { maxLength: 9 }).map((parts) => parts.join(''));
const key = fc.oneof(fc.constantFrom('password', 'authToken', 'argv', 'a/b~', 'name', 'value', 'cookie', '7', '__proto__', 'auth', 'secrets', 'credentials', 'pass'), fc.string({ maxLength: 5 }));

function mapping(entries: readonly (readonly [string, JsonValue])[]): JsonObject | JsonMap {
  return entries.some(([name]) => isTrapKey(name)) ? new JsonMap(entries) : Object.fromEntries(entries);
}

const { event } = fc.letrec<{ value: JsonValue; event: JsonObject | JsonMap }>((tie) => ({
  value: fc.oneof({ depthSize: 'small' }, text, text, fc.constantFrom(null, true, 0, 42, 2n ** 60n), fc.array(tie('value'), { maxLength: 4 }), tie('event')),
  event: fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map(mapping),
}));

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !(value instanceof Map)) for (const held of Object.values(value)) freeze(held);
  return Object.freeze(value);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Pointers of all places where two values of one shape differ; throws where anything but a string or a number differs. */
function changes(before: JsonValue, after: JsonValue, pointer = ''): string[] {
  if (before === after) return [];
  if (['string', 'number', 'bigint'].includes(typeof before) && typeof after === 'string') return [pointer];
  if (isList(before) && isList(after) && before.length === after.length) {
    return before.flatMap((held, index) => changes(held, after[index] ?? null, `${pointer}/${index}`));
  }
  if (isJsonMapping(before) && isJsonMapping(after) && (before instanceof Map) === (after instanceof Map)) {
    const [old, now] = [before, after].map((one) => (one instanceof Map ? [...one] : Object.entries(one)));
    expect(now?.map(([name]) => name)).toEqual(old?.map(([name]) => name));
    return (old ?? []).flatMap(([name, held], i) => changes(held, now?.[i]?.[1] ?? null, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`));
  }
  throw new Error(`at ${pointer}: ${jsonText(before)} became ${jsonText(after)}`);
}

describe('for every event', () => {
  test('only strings and numbers change, and the list names exactly those that did, in order', () => {
    fc.assert(fc.property(event, (sent) => {
      const before = jsonText(sent);
      const { event: masked, redacted } = redactor.redact('generic', 'a', freeze(sent));
      expect(jsonText(sent)).toBe(before);
      const named = redacted.map((entry) => entry.slice(0, entry.lastIndexOf(':')));
      expect([...new Set(named)]).toEqual(changes(sent, masked));
      expect(new Set(redacted).size).toBe(redacted.length);
      expect(masked === sent).toBe(redacted.length === 0);
    }), runs);
  });

  test('masking twice changes nothing', () => {
    fc.assert(fc.property(event, (sent) => {
      const { event: once } = redactor.redact('generic', 'a', sent);
      const twice = redactor.redact('generic', 'a', once);
      expect(twice.redacted).toEqual([]);
      expect(twice.event).toBe(once);
    }), runs);
  });

  test('two times give the same, whatever came between', () => {
    fc.assert(fc.property(event, event, (sent, other) => {
      const first = redactor.redact('generic', 'a', sent);
      redactor.redact('generic', 'a', other);
      expect(jsonText(redactor.redact('generic', 'a', sent).event)).toBe(jsonText(first.event));
    }), { ...runs, numRuns: 500 });
  });

  test('JSON text stays JSON text of the same shape', () => {
    fc.assert(fc.property(event, fc.constantFrom(0, 1, 2), fc.constantFrom(undefined, 2), (sent, depth, indent) => {
      const plain = JSON.parse(jsonText(sent)) as JsonValue;
      let detail = JSON.stringify(plain, null, indent);
      for (let level = 0; level < depth; level++) detail = JSON.stringify({ inner: detail, n: level });
      const { event: masked } = redactor.redact('generic', 'a', { detail });
      const after = (masked as { readonly detail: string }).detail;
      expect(() => { changes(JSON.parse(detail) as JsonValue, JSON.parse(after) as JsonValue); }).not.toThrow();
    }), runs);
  });

  test('a rule that comes later takes nothing from what is found before, and changes none of it', () => {
    let later = 0;
    fc.assert(fc.property(text, (one) => {
      const first = findFirst(one, ownersIn(one), undefined, Infinity);
      const found = findSecrets(one);
      if (first.length > 0) expect(found).toEqual(first);
      else later += found.length;
    }), runs);
    expect(later).toBeGreaterThan(runs.numRuns / 100);
  });

  test('a text without a hint holds nothing that a rule would find', () => {
    fc.assert(fc.property(text, (one) => {
      if (findSecrets(one).length > 0) expect(hints.all(`"${one}`).size).toBeGreaterThan(0);
      for (const rule of textRules) {
        rule.pattern.lastIndex = 0;
        if (rule.pattern.test(one)) expect([rule.name, hints.all(`"${one}`).has(rule)]).toEqual([rule.name, true]);
      }
    }), runs);
  });
});

describe('the cheap look over an event\'s text', () => {
  const inFull = (one: JsonObject | JsonMap): readonly string[] => redactor.redact('generic', 'a', one).redacted;
  const isSuspicious = (one: JsonObject | JsonMap): boolean => mayHoldSecrets(jsonTextOf(jsonText(one)));

  test('overlooks no event in which something would be masked', () => {
    fc.assert(fc.property(event, (one) => {
      if (inFull(one).length > 0) expect(isSuspicious(one)).toBe(true);
    }), runs);
  });

  test('overlooks no name, however its words are joined', () => {
    const words = fc.constantFrom('api', 'access', 'secret', 'key', 'Key', 'pass', 'word', 'phrase', 'wd', 'db', 'pwd', 'token', 'cookie', 'aws', 'auth', 'Auth', 'orization', 'ssh', 'credential', 'creds', 'bearer', 'jwt', 'otp', 'OTP', 'code', 'user', 'pin', 's', '1');
    const joint = fc.constantFrom('', '-', '_', '.', ' ', '/', '\\', '"', 'é', '\n');
    fc.assert(fc.property(fc.array(fc.tuple(words, joint), { minLength: 1, maxLength: 4 }), (parts) => {
      const name = parts.flat().join('');
      for (const one of [{ [name]: 'some value' }, { [name]: ['Zq8hunter2Kx'] }, { [name]: '493021' }, { a: [`--${name}`, '493021'] }, { a: [`--${name}=493021`] }, { a: [`--${name}`, 'Zq8hunter2Kx', `${name}=Zq8hunter2Kx`] }]) {
        if (inFull(one).length > 0) expect([one, isSuspicious(one)]).toEqual([one, true]);
      }
    }), runs);
  });

  test('overlooks no program whose short options carry a password', () => {
    const programs = ['curl', 'http', 'https', 'xh', 'smbclient', 'openssl', 'sshpass', 'docker', 'oc', 'az', 'cf', 'mysql', 'mysqldump', 'mariadb', '7z', '7za', 'redis-cli', 'mongo', 'mongosh', 'ldapsearch', 'zip', 'unzip'];
    const lines = ['-u bob:X7', '-p X7', '-pX7', '-a X7', '-w X7', '-P X7', '-b a=X7', '-su bob:X7', '-storepass X7'];
    for (const program of [...programs, 'podman', 'sqlcmd', 'mosquitto_pub', 'keytool']) {
      for (const line of lines) {
        for (const run of [`${program} ${line}`, `"${program}" ${line}`, `${program} login ${line}`, `${program}\t${line}`, `a; ${program} -v\n ${line}`]) {
          for (const one of [{ argv: ['sh', '-c', run] }, { run }, { run: JSON.stringify({ run: `sudo ${run}2` }) }]) {
            if (inFull(one).length > 0) expect([one, isSuspicious(one)]).toEqual([one, true]);
          }
        }
      }
    }
    const options = ['-u', '-U', '-a', '-p', '-P', '-w', '-pass', '-pX7', '--user', '--auth'];
    let masked = 0;
    for (const program of programs) {
      for (const path of ['', '/usr/bin/', 'é"']) {
        for (const option of options) {
          const one = { argv: ['sudo', path + program, 'login', option, 'bob:%X7'] };
          if (inFull(one).length === 0) continue;
          masked += 1;
          expect([one, isSuspicious(one)]).toEqual([one, true]);
        }
      }
    }
    expect(masked).toBeGreaterThan(2 * programs.length);
  });
});

test('the cheap look passes over words in which a code\'s name stands', () => {
  for (const detail of ['a small footprint', 'spinning, pinned, hotplug', 'a pin', '10:54:32 is not 5432', 'a*:b', 'rndc reload']) {
    expect([detail, mayHoldSecrets(jsonTextOf(JSON.stringify({ detail: `${detail}.` })))]).toEqual([detail, false]);
  }
});

describe('a mask', () => {
  const secret = 'hunter2';
  const maskOf = (salt: string, value = secret): string => {
    const { event: masked } = new Redactor(Buffer.from(salt)).redact('generic', 'a', { password: value });
    return (masked as { readonly password: string }).password;
  };

  test('holds the first 4 bytes of HMAC-SHA-256 of the secret under the salt', () => {
    const expected = createHmac('sha256', 'salt one').update(secret).digest('hex').slice(0, 8);
    expect(maskOf('salt one')).toBe(`[redacted:password:${expected}]`);
  });

  test('is equal for equal secrets and differs with the salt and the secret', () => {
    expect(maskOf('salt one')).toBe(maskOf('salt one'));
    expect(maskOf('salt one')).not.toBe(maskOf('salt two'));
    expect(maskOf('salt one')).not.toBe(maskOf('salt one', 'hunter3'));
  });

  test('does not change when the caller overwrites the salt', () => {
    const salt = Buffer.from('salt one');
    const kept = new Redactor(salt);
    salt.fill(0);
    expect(kept.redact('generic', 'a', { password: secret }).event).toEqual({ password: maskOf('salt one') });
  });
});

describe('hostile events', () => {
  const size = 256 * 1024;
  const asanaTokens = Array.from({ length: 4 }, () => `1/1201234567890123:${hex(32)}`).join(' ');
  const seeds = [
    '-----BEGIN PRIVATE KEY-----', '-----BEGIN PRIVATE KEY-----\nMIIE', '-----BEGIN PRIVATE KEY-----\nA: -', '-----BEGIN PRIVATE KEY-----> ', 'eyJ', 'eyJhbGci_', 'eyJhbGci-a.', '_eyJhbGciOi.', 'ghs_1_eyJ', 'ghs_1_eyJa.', 'eyJhbGciOi', '.eyJ', 'eyJ-', 'eyJa.eyJ', 'password', 'password=', 'password="', 'password=\'a', 'password="\\',
    'password=\\\\\\"', '"password":', 'token-', 'token.', '--token ', '<token>', '<token', 'Authorization: Bearer ', 'Authorization: a ', 'authorization=a="', 'Cookie: a',
    '://', '://a:', 'a://b:c', '://a:b/', '://a:b@', '=//a:b@c', '=//a:b/', 'https://a1', '%3A%2F%2F%3A', '%3A%2F%2Fa%3Ab%3A', 'a:b@tcp', 'a:@tcp(', 'a:b ', 'bearer 1', 'bearer ', "password 'a", 'curl ', 'curl -u a:', 'curl -u a:b ', 'a;', 'docker login ', 'basic ', 'Basic AAAA', '%3D', 'token%3D', '"token","value":', '"token":{"value":', 'discord', 'discord M', 'sk-', 'sk-ant-', 'sk-proj-', 'xoxb-1', 'glpat-', 'pypi-AgE',
    'mysql -pabc ', 'mysql -pabc;', '"mysql -pa', "mysql -p'a", 'mysql \\\n', 'mysql a ', 'docker login -p abc ', 'sshpass -p "', 'sshpass -p \\"a b\\" ', 'mongo -p 1:', 'curl -u a:bcd1 ', 'ldapaaaaaaaa ', `mysql -p${mixed(600)} `,
    'password is ', 'password for a ', 'password for password ', 'with password ', 'password is a1b2c3d ', `password is ${'a_'.repeat(60)}! `, `password is 1${'a'.repeat(120)}! `, `password is a1${'.'.repeat(120)}b `, 'secret to a1b2c3d4e5 ',
    '- name: password\n', '- name: password\n  value: ', '- name: password\n  value: a1\n', '{name: password, value: ', 'password: |\n', 'password: |\n a1\n', ' password: >-\n   a1\n', 'password:\n  ', 'password:\n a1b2c3d\n', 'password: &a ', `password: |\n ${mixed(4000)} b\n`, `- name: A_TOKEN\n  value: ${mixed(4000)}{\n`,
    '<password ', '<password a>', '<a:password x="y">z</', '<password><![CDATA[', '<password><![CDATA[a', '<password a><![CDATA[a1]]></', 'key="password" value="', 'key="password" value="a1" ', 'key="password">', 'key="password">a<', '<token a="b', `<password a>${' '.repeat(1000)}x</`, `<password a>x${'\\n'.repeat(500)}</`,
    'machine ', 'machine a login b ', 'machine a login b password ', 'default login a account b ', 'machine a login b password c1 ', 'machine\\na\\nlogin\\nb\\npassword\\n', "machine a login b password c'", ':*:', 'a:*:', 'a:5432:b:c:', 'a:5432:b:c:d1e\n', '*:*:*:*:\\:',
    ',key: cookie, value: a', '{key: authorization, value: a ', "id='pwd'>", "<add key='pwd'>", "<add key='pwd' ", '<pwd a>a', '<pwd a><![CDATA[<', '"pwd":\\n a1B2', 'pwd is a1-', 'with password "',
    ...[',key: cookie, value: a', '{key: authorization, value: a ', "id='pwd'>"].map((seed) => `asana ${asanaTokens} .\n${seed.repeat(4000)}`),
    ';ssh -i a ', 'ssh -i a ', '"docker exec -e a ', '\nsudo -u a ', ';env a= b= c= ', ';kubectl exec -a -a -a -a -a -a -a -a ', `; ${'a/'.repeat(90)} `, `${'a'.repeat(64)}$ `, `ldap${'a'.repeat(200)} `, '\ndocker compose -f a -p b exec -e ',
    'one-time ', 'verification code is ', 'your pin is ', 'user_pin=', 'otp', 'otp:', 'otp: 1234 ', 'pin=', 'otp"', 'pin is 4930 ', 'otp\\\\\\\\"', 'asana', 'asana 1/', 'asana 1/1201234567890123:', 'rnd_', `rnd_${mixed(80)}`,
    'sig=', '?sig=', 'X-Amz-Signature=', 'a+AStA', `${mixed(76)}+ASt`, `${mixed(14)}.atlasv1.`, '1//0', 'ya29.a', 'ya29.-', '123456789:AA', `${hex(32)}-us`, 'AKIA', 'AKIA-', 'sl.u.', '8Q~', '\\', '\\"', '[redacted:', 'pat', ' ', '\n', '\t', '-', '=', 'é',
  ];

  test.each(seeds)('%j, over and over, is done with', (seed) => {
    const detail = seed.repeat(Math.ceil(size / seed.length)).slice(0, size);
    const { event: masked } = redactor.redact('generic', 'a', { detail, more: [detail, '-p'], password: detail, argv: ['sh', '-c', detail] });
    expect(isJsonMapping(masked)).toBe(true);
  });

  // Read to its end for each name, this would take minutes.
  test.each(['pass=', 'pass:', 'PASS=', 'ssh_key=', 'token=a(', 'token=a[', 'pass=('])('%j, and what seems to be its value is none', (seed) => {
    const detail = seed.repeat(8 * size / seed.length);
    expect(redactor.redact('generic', 'a', { detail }).redacted).toEqual([]);
  });

  test('all hints at once in a text that no rule takes', () => {
    const all = textRules.flatMap((rule) => rule.hints).join(' ');
    const detail = all.repeat(Math.ceil(size / all.length)).slice(0, size);
    expect(redactor.redact('generic', 'a', { detail }).redacted.length).toBeLessThan(20);
  });

  describe('a string with more secrets than are told apart is masked whole', () => {
    test.each([
      ['assignments', 'pwd=a1 ', /^\[redacted:many:[0-9a-f]{8}\]$/],
      ['tokens', `ghp_${mixed(36)} `, /^\[redacted:many:[0-9a-f]{8}\]$/],
    ])('%s', (_name, unit, whole) => {
      const few = redactor.redact('generic', 'a', { detail: unit.repeat(256) });
      expect(few.redacted).not.toContain('/detail:many');
      const { event: masked, redacted } = redactor.redact('generic', 'a', { detail: unit.repeat(257) });
      expect((masked as { readonly detail: string }).detail).toMatch(whole);
      expect(redacted).toEqual(['/detail:many']);
    });

    test('JSON text becomes JSON text', () => {
      const detail = JSON.stringify(Array.from({ length: 300 }, () => ({ password: 'x7' })));
      const { event: masked } = redactor.redact('generic', 'a', { detail });
      expect((masked as { readonly detail: string }).detail).toMatch(/^"\[redacted:many:[0-9a-f]{8}\]"$/);
      expect(redactor.redact('generic', 'a', masked).event).toBe(masked);
    });

    test('and so is each further string of an event with too many', () => {
      const detail = [...Array.from({ length: 40 }, () => 'pwd=a1 '.repeat(30)), 'a word'];
      const { event: masked, redacted } = redactor.redact('generic', 'a', { detail });
      expect(redacted.slice(0, 2)).toEqual(['/detail/0:password', '/detail/1:password']);
      expect(redacted.at(-1)).toBe('/detail/39:many');
      expect((masked as { readonly detail: readonly string[] }).detail.at(-1)).toBe('a word');
      expect(redactor.redact('generic', 'a', masked).event).toBe(masked);
    });
  });

  test('a list of changes stays within its bound, and says that it did', () => {
    const top = 'k'.repeat(8000);
    const { redacted } = redactor.redact('generic', 'a', { [top]: Array.from({ length: 5000 }, () => ({ password: 'x' })) });
    expect(redacted.at(-1)).toBe(':unlisted');
    expect(redacted.join('').length).toBeLessThan(300_000);
  });
});
