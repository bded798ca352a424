import { describe, expect, test } from 'vitest';
import { JsonMap, jsonText } from '../../src/event/json.js';
import { admit, eventOf, recorded } from './admit.js';
import { refusals } from './refusals.js';

const h32 = '0123456789abcdef0123456789abcdef';

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
