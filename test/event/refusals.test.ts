import { describe, expect, test } from 'vitest';
import { JsonMap, jsonText } from '../../src/event/json.js';
import { admit, eventOf, recorded } from './admit.js';

const h32 = '0123456789abcdef0123456789abcdef';
const t = '"timestamp":"2026-01-02T03:04:05Z"';

/** Written by hand: profile, event, and the path and message of its refusal. */
const refusals: readonly (readonly [profile: string, event: string, violation: string])[] = [
  ['generic', '{}', '/action: expected a string that is not empty, found nothing'],
  ['generic', '{"action":""}', '/action: expected a string that is not empty, found ""'],
  ['generic', '{"action":7}', '/action: expected a string that is not empty, found 7'],
  ['generic', '{"action":"a","outcome":"ok"}', '/outcome: expected one of success, failure, denied, found "ok"'],
  ['generic', '{"action":"a","duration_ms":1.5}', '/duration_ms: expected a whole number from 0 to 2^64-1, found 1.5'],
  ['generic', '{"action":"a","duration_ms":18446744073709551616}',
    '/duration_ms: expected a whole number from 0 to 2^64-1, found 18446744073709551616'],
  ['generic', '{"action":"a","duration_ms":1e16}', '/duration_ms: expected a whole number from 0 to 2^64-1, found the float 10000000000000000'],
  ['generic', '{"action":"a","duration_ms":-1,"actor":1}', '/actor: expected a string, found 1'],
  ['mvm.local', '{"kind":"vm_start"}', '/timestamp: expected an RFC 3339 time, found nothing'],
  ['mvm.local', '{"timestamp":1700000000,"kind":"vm_start"}', '/timestamp: expected an RFC 3339 time, found 1700000000'],
  ['mvm.local', `{${t},"kind":"vm_start","vm_name":{}}`, '/vm_name: expected a string, found a map'],
  ['mvm.local', `{${t},"kind":"vm_start","detail":[1]}`, '/detail: expected a string, found an array'],
  ['mvm.tenant', `{${t},"action":"PoolBuilt"}`, '/tenant_id: expected a string, found nothing'],
  ['mvm.tenant', `{${t},"tenant_id":"t","action":"PoolBuilt","threats":null}`, '/threats: expected an array, found null'],
  ['mvm.tenant', `{${t},"tenant_id":"t","action":"PoolBuilt","threats":[{"category":"Injection","pattern_id":"p","severity":"low","matched_text":"","context":""}]}`,
    '/threats/0/severity: expected one of Info, Low, Medium, High, Critical, found "low"'],
  ['mvm.tenant', `{${t},"tenant_id":"t","action":"PoolBuilt","threats":[{"category":"Injection","pattern_id":"p","severity":"Low","matched_text":"","context":""},{"category":"Injection","pattern_id":"p","severity":"Low","context":""}]}`,
    '/threats/1/matched_text: expected a string, found nothing'],
  ['mvm.tenant', `{${t},"tenant_id":"t","action":"PoolBuilt","threats":["x"]}`, '/threats/0: expected a map, found "x"'],
  ['mvm.tenant', `{${t},"tenant_id":"t","action":"PoolBuilt","gate_decision":{"Blocked":{"pattern":"p"}}}`,
    '/gate_decision/Blocked/reason: expected a string, found nothing'],
  ['mvm.tenant', `{${t},"tenant_id":"t","action":"PoolBuilt","gate_decision":{"Denied":{}}}`,
    '/gate_decision: expected "Allow" or a map with the one key Blocked or RequiresApproval, found a map'],
  ['mvm.tenant', `{${t},"tenant_id":"t","action":"PoolBuilt","gate_decision":"Deny"}`,
    '/gate_decision: expected "Allow" or a map with the one key Blocked or RequiresApproval, found "Deny"'],
  ['mvm.tenant', `{${t},"tenant_id":"t","action":"PoolBuilt","frame_sequence":"7"}`,
    '/frame_sequence: expected a whole number from 0 to 2^64-1, found "7"'],
  ['codetether', '{"category":"api","action":"a"}', '/outcome: expected one of success, failure, denied, found nothing'],
  ['codetether', '{"category":"api","action":"a","outcome":"success","id":null}', '/id: expected a string, found null'],
  ['codetether', '{"category":"web","action":"a","outcome":"success"}',
    '/category: expected one of api, tool_execution, session, cognition, swarm, auth, k8s, sandbox, config, found "web"'],
  ['x0x.exec', '{}', '/event: expected one of request, started, warning, exit, denial, found nothing'],
  ['x0x.exec', '{"event":"constructor"}', '/event: expected one of request, started, warning, exit, denial, found "constructor"'],
  ['x0x.exec', `{"event":"started","ts_unix_ms":1,"request_id":"${h32.toUpperCase()}","pid":1}`,
    '/request_id: expected 32 lower-case hex digits, found "0123456789ABCDEF0123456789ABCDEF"'],
  ['x0x.exec', `{"event":"started","ts_unix_ms":1,"request_id":"${h32}","pid":4294967296}`,
    '/pid: expected a whole number from 0 to 2^32-1, found 4294967296'],
  ['x0x.exec', `{"event":"started","ts_unix_ms":1,"request_id":"${h32}${h32}","pid":1}`,
    `/request_id: expected 32 lower-case hex digits, found "${h32}01234567…"`],
  ['x0x.exec', `{"event":"exit","ts_unix_ms":1,"request_id":"${h32}","code":2147483648}`,
    '/code: expected a whole number from -2^31 to 2^31-1, found 2147483648'],
  ['x0x.exec', `{"event":"exit","ts_unix_ms":1,"request_id":"${h32}","duration_ms":1,"stdout_bytes":0,"stderr_bytes":0,"truncated":1}`,
    '/truncated: expected true or false, found 1'],
  ['x0x.exec', `{"event":"denial","ts_unix_ms":1,"request_id":"${h32}","agent_id":"${h32}${h32}","machine_id":"${h32}${h32}","argv":["a",1],"reason":"x"}`,
    '/argv/1: expected a string, found 1'],
  ['tryaudex', `{${t},"session_id":"s"}`, '/event: expected a map, found nothing'],
  ['tryaudex', `{${t},"session_id":"s","provider":null,"event":{}}`, '/provider: expected a string, found null'],
  ['tryaudex', `{${t},"session_id":"s","event":"session_ended"}`, '/event: expected a map, found "session_ended"'],
  ['tryaudex', `{${t},"session_id":"s","event":{"type":"session_ended","status":"s","duration_seconds":-9223372036854775809}}`,
    '/event/duration_seconds: expected a whole number from -2^63 to 2^63-1, found -9223372036854775809'],
  ['tryaudex', `{${t},"session_id":"s","event":{"type":"budget_warning","current_spend":"8","limit":1}}`,
    '/event/current_spend: expected a number, found "8"'],
];

test.each(refusals)('%s %s', (profile, event, violation) => {
  expect(recorded(admit(profile, eventOf(event)))).toEqual({ kind: 'refused', text: violation });
});

test('what is shown of an event is short and moves no cursor', () => {
  const { text } = recorded(admit('generic', { action: 'a', outcome: `\u001b[2J\u202e\ud83d${'x'.repeat(5000)}` }));
  expect(text).toBe(`/outcome: expected one of success, failure, denied, found "\\u001b[2J\\u202e\\ud83d${'x'.repeat(34)}…"`);
});

describe('keys that JavaScript bends', () => {
  const base = [['timestamp', '2026-01-02T03:04:05Z'], ['kind', 'vm_stop']] as const;

  test('are kept as sent, behind the known ones', () => {
    const event = new JsonMap([['10', 1], ['__proto__', { kind: 'vm_start' }], ...base, ['2', null], ['constructor', 2n ** 63n]]);
    expect(recorded(admit('mvm.local', event))).toEqual({
      kind: 'vm_stop',
      text: '{"timestamp":"2026-01-02T03:04:05Z","kind":"vm_stop","vm_name":null,"detail":null,"10":1,"__proto__":{"kind":"vm_start"},"2":null,"constructor":9223372036854775808}',
    });
  });

  test('of a plain object too, and nothing is inherited by them', () => {
    const event = JSON.parse('{"__proto__":{"vm_name":"x"},"kind":"vm_stop","timestamp":"2026-01-02T03:04:05Z","7":[]}') as Record<string, never>;
    expect(recorded(admit('mvm.local', event)).text)
      .toBe('{"timestamp":"2026-01-02T03:04:05Z","kind":"vm_stop","vm_name":null,"detail":null,"7":[],"__proto__":{"vm_name":"x"}}');
  });

  test('a polluted prototype fills nothing in', () => {
    const prototype = Object.prototype as Record<string, unknown>;
    prototype['vm_name'] = 'polluted';
    try {
      expect(recorded(admit('mvm.local', Object.fromEntries(base))).text)
        .toBe('{"timestamp":"2026-01-02T03:04:05Z","kind":"vm_stop","vm_name":null,"detail":null}');
    } finally {
      delete prototype['vm_name'];
    }
  });

  test('in `detail` are its own business', () => {
    const detail = new JsonMap([['2', 1], ['1', { deep: [18446744073709551615n] }]]);
    const admitted = admit('codetether', { id: 'i', timestamp: '2026-01-02T03:04:05Z', category: 'api', action: 'a', principal: null, outcome: 'success', detail });
    expect(admitted.ok && jsonText(admitted.event)).toContain('"detail":{"2":1,"1":{"deep":[18446744073709551615]}}');
  });
});

describe('kinds that are not known', () => {
  const t0 = { timestamp: 'whenever', more: 1 };
  const unknown = [
    ['mvm.local', { more: 1, kind: 'vm_pause' }, 'vm_pause'],
    ['mvm.tenant', { ...t0, action: 'PoolDrained' }, 'PoolDrained'],
    ['codetether', { ...t0, category: 'billing' }, 'billing'],
    ['x0x.exec', { ...t0, event: 'paused', pid: 'x' }, 'paused'],
    ['tryaudex', { ...t0, event: { more: 1, type: 'session_paused' } }, 'session_paused'],
    ['tryaudex', { event: new JsonMap([['__proto__', 1], ['type', '__proto__']]) }, '__proto__'],
    ['x0x.exec', { event: 'constructor' }, 'constructor'],
  ] as const;

  test.each(unknown)('%s: refused, or taken as sent', (profile, event, kind) => {
    expect(recorded(admit(profile, event)).kind).toBe('refused');
    const admitted = admit(profile, event, 'accept');
    expect(admitted).toEqual({ ok: true, kind, event });
    expect(admitted.ok && admitted.event).toBe(event);
  });

  test.each([
    ['mvm.local', { kind: '' }, '/timestamp'], ['mvm.local', { ...t0, timestamp: '2026-01-02T03:04:05Z', kind: 7 }, '/kind'], ['x0x.exec', { event: '' }, '/event'],
    ['x0x.exec', { event: ['request'] }, '/event'], ['x0x.exec', {}, '/event'], ['x0x.exec', Object.create({ event: 'paused' }), '/event'],
    ['tryaudex', { timestamp: '2026-01-02T03:04:05Z', session_id: '', event: {} }, '/event/type'],
    ['tryaudex', { timestamp: '2026-01-02T03:04:05Z', session_id: '', event: 'paused' }, '/event'],
    ['generic', { action: '' }, '/action'],
  ] as const)('%s %j: without a kind it is refused all the same', (profile, event: Parameters<typeof admit>[1], path) => {
    const admitted = admit(profile, event, 'accept');
    expect(admitted.ok ? 'admitted' : admitted.violation.path).toBe(path);
  });

  test('a kind that is known is checked all the same, also where another field is called a kind', () => {
    expect(recorded(admit('x0x.exec', { event: 'started' }, 'accept')).text).toMatch(/^\/ts_unix_ms: /);
    expect(recorded(admit('x0x.exec', { event: 'warning', ts_unix_ms: 1, request_id: h32, kind: 'new_cap' }, 'accept')).text).toMatch(/^\/kind: /);
  });
});
