/** Events of every profile, each different, some with a secret in them that no record may show. */
import { randomUUID } from 'node:crypto';
import type { Random } from '../random.js';

/** What is sent, and what must not be recorded as it is. */
export interface Made {
  readonly profile: string;
  readonly event: Readonly<Record<string, unknown>>;
  readonly secret?: string;
}

const secretShare = 0.05;
const hexDigits = '0123456789abcdef';

function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => hexDigits.charAt(random.whole(0, 15))).join('');
}

const makers: readonly ((random: Random, name: string) => Omit<Made, 'secret'>)[] = [
  (random, name) => ({
    profile: 'generic', event: { action: name, outcome: random.pick(['success', 'failure', 'denied']), detail: 'x'.repeat(random.whole(0, 900)) },
  }),
  (random, name) => ({
    profile: 'mvm.local', event: { timestamp: '2026-11-20T10:00:00Z', kind: random.pick(['vm_start', 'vm_stop']), vm_name: name, detail: null },
  }),
  (_, name) => ({
    profile: 'mvm.tenant', event: { timestamp: '2026-11-20T10:00:00Z', tenant_id: name, action: 'InstanceStarted', detail: 'ünïcode \u2028 and \u001b[31m' },
  }),
  (random, name) => ({
    profile: 'codetether',
    event: {
      id: randomUUID(), timestamp: '2026-11-20T10:00:00.123Z', category: 'api', action: name, outcome: 'success',
      detail: { n: random.whole(0, 1e9), list: [1, [2, [3]]] },
    },
  }),
  (random, name) => ({
    profile: 'x0x.exec',
    event: {
      event: 'request', ts_unix_ms: random.whole(1, 2 ** 40), request_id: hex(random, 32), agent_id: hex(random, 64), machine_id: hex(random, 64),
      argv: ['echo', name], matched_acl: null, stdin_bytes: 0, timeout_ms: 1000,
    },
  }),
  (_, name) => ({
    profile: 'tryaudex',
    event: { timestamp: '2026-11-20T10:00:00Z', session_id: name, provider: 'aws', event: { type: 'session_ended', status: 'done', duration_seconds: 5, exit_code: 0 } },
  }),
];

/** The next event. Its name is in it. */
export function makeEvent(random: Random, name: string): Made {
  if (!random.chance(secretShare)) return random.pick(makers)(random, name);
  const secret = `ghp_${hex(random, 36)}`;
  return { profile: 'generic', event: { action: name, detail: `cloned with ${secret} yesterday` }, secret };
}
