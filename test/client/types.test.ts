// What compiles and what does not. The compiler is the test: a mistake that it lets through makes an unused
// `@ts-expect-error`, which it refuses. Nothing here is run.
import { expect, test } from 'vitest';
import { type Client, type ConnectOptions, type EventOf, connect } from '../../src/client/client.js';

type Local = EventOf<'mvm.local'>;
type Exec = EventOf<'x0x.exec'>;
type Tenant = EventOf<'mvm.tenant'>;

const timestamp = '2026-01-02T03:04:05Z';
const head = { ts_unix_ms: 1n, request_id: '00' };

export const right: readonly [...Local[], Exec, Exec, Tenant, Tenant] = [
  { timestamp, kind: 'vm_start' },
  { timestamp, kind: 'vm_stop', vm_name: null, detail: undefined },
  { event: 'exit', ...head, duration_ms: 1, stdout_bytes: 18446744073709551615n, stderr_bytes: 0, truncated: false, code: null },
  { event: 'warning', ...head, kind: 'cancelled' },
  { timestamp, tenant_id: 't', action: 'PoolBuilt', gate_decision: 'Allow', threats: [] },
  {
    timestamp, tenant_id: 't', action: 'ThreatDetected', gate_decision: { Blocked: { pattern: 'p', reason: 'r' } },
    threats: [{ category: 'Injection', pattern_id: 'p', severity: 'Low', matched_text: '', context: '' }],
  },
];

export async function ofTheClientsOwnProfile(generic: Client): Promise<void> {
  await generic.append({ action: 'a', outcome: 'success', detail: { any: [1n] }, duration_ms: 1n });
  await generic.append([{ action: 'a' }, { action: 'b' }], { timeoutMs: 1 });
  // @ts-expect-error a field that is missing
  await generic.append({ outcome: 'success' });
  // @ts-expect-error a word that is not in the list
  await generic.append({ action: 'a', outcome: 'ok' });
  // @ts-expect-error a field of another name
  await generic.append({ action: 'a', outcom: 'success' });
  // @ts-expect-error the second of two
  await generic.append([{ action: 'a' }, { action: 1 }]);
  // @ts-expect-error a field of another type
  generic.emit({ action: 'a', duration_ms: '1' });

  const exec = await connect({ profile: 'x0x.exec' });
  await exec.append({ event: 'started', ...head, pid: 1 });
  // @ts-expect-error a field of another kind
  await exec.append({ event: 'started', ...head, pid: 1, truncated: true });
  // @ts-expect-error a kind that there is not
  await exec.append({ event: 'paused', ...head });
  // @ts-expect-error an event of another profile
  await exec.append({ action: 'a' });
  // @ts-expect-error `argv` is a list
  exec.emit({ event: 'denial', ...head, agent_id: '', machine_id: '', argv: 'ls', reason: 'exec_disabled' });
}

export async function ofTheProfileNamed(client: Client, anything: string): Promise<void> {
  await client.append({ timestamp, kind: 'vm_start' }, { profile: 'mvm.local' });
  await client.append([{ timestamp, kind: 'vm_start' }, { timestamp, kind: 'vm_stop' }], { profile: 'mvm.local', id: 'x' });
  // @ts-expect-error an event of another profile
  await client.append({ action: 'a' }, { profile: 'mvm.local' });
  // @ts-expect-error a kind of another profile
  await client.append({ timestamp, kind: 'InstanceCreated' }, { profile: 'mvm.local' });
  // @ts-expect-error a field of another name
  await client.append({ timestamp, kind: 'vm_start', vmName: 'v' }, { profile: 'mvm.local' });
  // @ts-expect-error inside the envelope
  await client.append({ timestamp, session_id: 's', event: { type: 'budget_warning', current_spend: 1, final_spend: 2, limit: 3 } }, { profile: 'tryaudex' });
  // @ts-expect-error inside a list
  await client.append({ timestamp, tenant_id: 't', action: 'PoolBuilt', threats: [{ category: 'Injection' }] }, { profile: 'mvm.tenant' });
  // @ts-expect-error inside a decision
  await client.append({ timestamp, tenant_id: 't', action: 'PoolBuilt', gate_decision: { Blocked: { reason: 'r' } } }, { profile: 'mvm.tenant' });
  // @ts-expect-error null where only absence is allowed
  await client.append({ category: 'api', action: 'a', outcome: 'success', id: null }, { profile: 'codetether' });
  // @ts-expect-error a profile that there is not
  await client.append({ action: 'a' }, { profile: 'x0x.exce' });
  // What is known only at run time is checked there.
  await client.append({ whatever: 1 }, { profile: anything });
}

export async function withFieldsOfTheClient(client: Client): Promise<void> {
  const session = client.child({ profile: 'tryaudex', fields: { session_id: 's' } });
  await session.append({ timestamp, event: { type: 'session_ended', status: 's', duration_seconds: 1 } });
  await session.append({ timestamp, session_id: 'own', event: { type: 'session_ended', status: 's', duration_seconds: 1 } });
  // @ts-expect-error a field that nobody gives
  await session.append({ event: { type: 'session_ended', status: 's', duration_seconds: 1 } });
  // @ts-expect-error given or not, it is text
  await session.append({ timestamp, session_id: 1, event: { type: 'session_ended', status: 's', duration_seconds: 1 } });

  const command = (await connect({ profile: 'x0x.exec', defaults: { request_id: '00' } })).child({ fields: { ts_unix_ms: 1 } });
  await command.append([{ event: 'started', pid: 1 }, { event: 'warning', kind: 'cancelled' }]);
  // @ts-expect-error a field of another kind
  await command.append({ event: 'started', pid: 1, kind: 'cancelled' });
}

export async function ofWhatTheClientIsAndAdds(
  client: Client, ms: number | undefined, profile: 'mvm.local' | undefined, name: string | undefined, fields: Record<string, unknown>,
): Promise<void> {
  await client.close({ timeoutMs: ms });
  const session = client.child({ fields: { actor: 'agent', outcome: 'success' } });
  await session.append({ action: 'a', actor: name });
  await client.child({ traceparent: '', profile: undefined }).append({ action: 'a' });
  // @ts-expect-error a profile that is named to the compiler only
  await connect<'x0x.exec'>();
  // @ts-expect-error a profile that may not be there
  client.child({ profile });
  // @ts-expect-error a word that is not in the list
  await connect({ defaults: { outcome: 'ok' } });
  // @ts-expect-error a field of another type
  await connect({ defaults: { action: 5 } });
  // @ts-expect-error of the profile named
  await connect({ profile: 'x0x.exec', defaults: { request_id: 1 } });
  // @ts-expect-error of the profile of the child
  client.child({ profile: 'x0x.exec', fields: { request_id: 1 } });
  // @ts-expect-error fields of which nothing is known may not be the one that is missing
  await client.child({ fields }).append({ outcome: 'denied' });
  // @ts-expect-error a field that no event has
  client.child({ fields: { actr: 'agent' } });
}

export async function withOptionsFromElsewhere(options: ConnectOptions, client: Client, name: string | undefined): Promise<void> {
  const connected = await connect(options);
  await connected.append({ whatever: 1 });
  await connect({ ...options, profile: 'generic' }).then((generic) => generic.append({ action: 'a' }));
  await client.recent({ outcome: name, limit: 5 });
  await client.tail({ filters: { outcome: name, kind: undefined } }).next();
  // @ts-expect-error a filter that there is not
  await client.recent({ outcom: name });
}

test('the compiler has checked the above', () => {
  expect(right).toHaveLength(6);
});
