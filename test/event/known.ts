// Events and what is recorded of them, written by hand from the descriptions of the source systems and independent of
// the shapes in src: profile, kind, what is sent, what is recorded.

export const assignedNow = '2026-11-20T13:05:59.123Z';
export const assignedUuid = '00000000-0000-4000-8000-000000000000';

const local: readonly (readonly [kind: string, sent: string, recorded: string])[] = [
  ['vm_start', '{"timestamp":"2026-01-02T03:04:05.123456789+00:00","kind":"vm_start","vm_name":"a","detail":"b"}',
    '{"timestamp":"2026-01-02T03:04:05.123456789+00:00","kind":"vm_start","vm_name":"a","detail":"b"}'],
  ['vm_stop', '{"timestamp":"2026-01-02T03:04:05+00:00","kind":"vm_stop"}',
    '{"timestamp":"2026-01-02T03:04:05+00:00","kind":"vm_stop","vm_name":null,"detail":null}'],
  ['key_lookup', '{"kind":"key_lookup","timestamp":"2026-01-02T03:04:05.1+00:00","detail":"k"}',
    '{"timestamp":"2026-01-02T03:04:05.1+00:00","kind":"key_lookup","vm_name":null,"detail":"k"}'],
  ['volume_create', '{"detail":"d","vm_name":"v","kind":"volume_create","timestamp":"2026-01-02T03:04:05Z"}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"volume_create","vm_name":"v","detail":"d"}'],
  ['volume_open', '{"timestamp":"2026-01-02T03:04:05Z","kind":"volume_open","vm_name":null,"detail":null}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"volume_open","vm_name":null,"detail":null}'],
  ['update_install', '{"timestamp":"2026-01-02T03:04:05Z","kind":"update_install","detail":"0.11.2"}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"update_install","vm_name":null,"detail":"0.11.2"}'],
  ['uninstall', '{"timestamp":"2026-01-02T03:04:05Z","kind":"uninstall","more":{"b":1,"a":[null]}}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"uninstall","vm_name":null,"detail":null,"more":{"b":1,"a":[null]}}'],
  ['network_create', '{"timestamp":"2026-01-02T03:04:05-08:00","kind":"network_create","vm_name":""}',
    '{"timestamp":"2026-01-02T03:04:05-08:00","kind":"network_create","vm_name":"","detail":null}'],
  ['network_remove', '{"x":1,"timestamp":"2026-01-02T03:04:05Z","kind":"network_remove","a":2}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"network_remove","vm_name":null,"detail":null,"x":1,"a":2}'],
  ['image_fetch', '{"timestamp":"2026-01-02T03:04:05Z","kind":"image_fetch","detail":"é\\u2028"}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"image_fetch","vm_name":null,"detail":"é\u2028"}'],
  ['template_build', '{"timestamp":"2026-01-02T03:04:05Z","kind":"template_build","vm_name":"t"}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"template_build","vm_name":"t","detail":null}'],
  ['template_push', '{"timestamp":"2026-01-02T03:04:05Z","kind":"template_push","vm_name":"t"}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"template_push","vm_name":"t","detail":null}'],
  ['template_pull', '{"timestamp":"2026-01-02T03:04:05Z","kind":"template_pull","vm_name":"t"}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"template_pull","vm_name":"t","detail":null}'],
  ['config_change', '{"timestamp":"2026-01-02t03:04:05z","kind":"config_change"}',
    '{"timestamp":"2026-01-02t03:04:05z","kind":"config_change","vm_name":null,"detail":null}'],
  ['console_session_start', '{"timestamp":"2026-01-02T03:04:05Z","kind":"console_session_start","vm_name":"c"}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"console_session_start","vm_name":"c","detail":null}'],
  ['console_session_end', '{"timestamp":"2026-01-02T03:04:05Z","kind":"console_session_end","vm_name":"c"}',
    '{"timestamp":"2026-01-02T03:04:05Z","kind":"console_session_end","vm_name":"c","detail":null}'],
];

// The plain case is the same for every action; those with a finding, a decision or a frame follow below.
const tenantActions = [
  'InstanceCreated', 'InstanceStarted', 'InstanceStopped', 'InstanceWarmed', 'InstanceSlept', 'InstanceWoken',
  'InstanceDestroyed', 'PoolCreated', 'PoolBuilt', 'PoolDestroyed', 'TenantCreated', 'TenantDestroyed', 'QuotaExceeded',
  'SecretsRotated', 'SnapshotCreated', 'SnapshotRestored', 'SnapshotDeleted', 'TransitionDeferred', 'MinRuntimeOverridden',
  'VsockSessionStarted', 'VsockSessionEnded', 'VsockFrameReceived', 'CommandBlocked', 'CommandApproved', 'CommandDenied',
  'ThreatDetected', 'RateLimitExceeded', 'SessionRecycled',
];

const tenant: readonly (readonly [kind: string, sent: string, recorded: string])[] = [
  // Before threats, gate_decision and frame_sequence existed.
  ...tenantActions.map((action) => [
    action, `{"timestamp":"2026-01-02T03:04:05.1+00:00","tenant_id":"t","pool_id":null,"instance_id":"i","action":"${action}","detail":null}`,
    `{"timestamp":"2026-01-02T03:04:05.1+00:00","tenant_id":"t","pool_id":null,"instance_id":"i","action":"${action}","detail":null,"threats":[],"gate_decision":null,"frame_sequence":null}`,
  ] as const),
  ['TenantCreated', '{"action":"TenantCreated","tenant_id":"","timestamp":"2026-01-02T03:04:05Z"}',
    '{"timestamp":"2026-01-02T03:04:05Z","tenant_id":"","pool_id":null,"instance_id":null,"action":"TenantCreated","detail":null,"threats":[],"gate_decision":null,"frame_sequence":null}'],
  ['ThreatDetected',
    '{"timestamp":"2026-01-02T03:04:05Z","tenant_id":"t","pool_id":"p","instance_id":"i","action":"ThreatDetected","detail":"d","threats":[{"severity":"Critical","category":"Destructive","extra":1,"pattern_id":"rm_rf_root","matched_text":"rm -rf /","context":""},{"category":"SecretExposure","pattern_id":"aws","severity":"Low","matched_text":"AKIA","context":"c"}],"gate_decision":"Allow","frame_sequence":18446744073709551615}',
    '{"timestamp":"2026-01-02T03:04:05Z","tenant_id":"t","pool_id":"p","instance_id":"i","action":"ThreatDetected","detail":"d","threats":[{"category":"Destructive","pattern_id":"rm_rf_root","severity":"Critical","matched_text":"rm -rf /","context":"","extra":1},{"category":"SecretExposure","pattern_id":"aws","severity":"Low","matched_text":"AKIA","context":"c"}],"gate_decision":"Allow","frame_sequence":18446744073709551615}'],
  ['CommandBlocked',
    '{"timestamp":"2026-01-02T03:04:05Z","tenant_id":"t","action":"CommandBlocked","gate_decision":{"Blocked":{"reason":"r","pattern":"p"}},"frame_sequence":9007199254740993,"threats":[]}',
    '{"timestamp":"2026-01-02T03:04:05Z","tenant_id":"t","pool_id":null,"instance_id":null,"action":"CommandBlocked","detail":null,"threats":[],"gate_decision":{"Blocked":{"pattern":"p","reason":"r"}},"frame_sequence":9007199254740993}'],
  ['CommandApproved',
    '{"timestamp":"2026-01-02T03:04:05Z","tenant_id":"t","action":"CommandApproved","gate_decision":{"RequiresApproval":{"reason":"r"}}}',
    '{"timestamp":"2026-01-02T03:04:05Z","tenant_id":"t","pool_id":null,"instance_id":null,"action":"CommandApproved","detail":null,"threats":[],"gate_decision":{"RequiresApproval":{"reason":"r"}},"frame_sequence":null}'],
];

const codetether: readonly (readonly [kind: string, sent: string, recorded: string])[] = [
  ['api', '{"category":"api","action":"get","outcome":"success"}',
    `{"id":"${assignedUuid}","timestamp":"${assignedNow}","category":"api","action":"get","principal":null,"outcome":"success"}`],
  ['tool_execution',
    '{"id":"9f1c2c4e-3e58-4a53-9d5c-2b3f3f9f0a11","timestamp":"2026-01-02T03:04:05.123456Z","category":"tool_execution","action":"run","principal":"p","outcome":"failure","detail":{"b":[1,2.5,18446744073709551615],"a":null},"duration_ms":18446744073709551615,"okr_id":"o","okr_run_id":"r","relay_id":"l","session_id":"s"}',
    '{"id":"9f1c2c4e-3e58-4a53-9d5c-2b3f3f9f0a11","timestamp":"2026-01-02T03:04:05.123456Z","category":"tool_execution","action":"run","principal":"p","outcome":"failure","detail":{"b":[1,2.5,18446744073709551615],"a":null},"duration_ms":18446744073709551615,"okr_id":"o","okr_run_id":"r","relay_id":"l","session_id":"s"}'],
  ['session', '{"session_id":"s","relay_id":null,"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"session","action":"","outcome":"denied"}',
    '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"session","action":"","principal":null,"outcome":"denied","session_id":"s"}'],
  ['cognition', '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"cognition","action":"a","principal":null,"outcome":"success","detail":null,"duration_ms":null,"okr_id":null}',
    '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"cognition","action":"a","principal":null,"outcome":"success"}'],
  ['swarm', '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"swarm","action":"a","outcome":"success","detail":"text"}',
    '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"swarm","action":"a","principal":null,"outcome":"success","detail":"text"}'],
  ['auth', '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"auth","action":"a","outcome":"denied","detail":false}',
    '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"auth","action":"a","principal":null,"outcome":"denied","detail":false}'],
  ['k8s', '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"k8s","action":"a","outcome":"success","duration_ms":0,"detail":[{"x":{},"y":""}]}',
    '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"k8s","action":"a","principal":null,"outcome":"success","detail":[{"x":{},"y":""}],"duration_ms":0}'],
  ['k8s', '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"k8s","action":"a","principal":"p","outcome":"success","more":1,"session_id":"s"}',
    '{"id":"i","timestamp":"2026-01-02T03:04:05Z","category":"k8s","action":"a","principal":"p","outcome":"success","session_id":"s","more":1}'],
  ['sandbox', '{"timestamp":"2026-01-02T03:04:05Z","category":"sandbox","action":"a","outcome":"success","okr_run_id":"r"}',
    `{"id":"${assignedUuid}","timestamp":"2026-01-02T03:04:05Z","category":"sandbox","action":"a","principal":null,"outcome":"success","okr_run_id":"r"}`],
  ['config', '{"id":"","category":"config","action":"a","outcome":"success","other":1}',
    `{"id":"","timestamp":"${assignedNow}","category":"config","action":"a","principal":null,"outcome":"success","other":1}`],
];

const hex32 = '0123456789abcdef0123456789abcdef';
const hex64 = `${hex32}${hex32}`;
const x0x: readonly (readonly [kind: string, sent: string, recorded: string])[] = [
  ['request',
    `{"event":"request","ts_unix_ms":1700000000000,"request_id":"${hex32}","agent_id":"${hex64}","machine_id":"${hex64}","argv":["ls","-l"],"stdin_bytes":18446744073709551615,"timeout_ms":4294967295}`,
    `{"event":"request","ts_unix_ms":1700000000000,"request_id":"${hex32}","agent_id":"${hex64}","machine_id":"${hex64}","argv":["ls","-l"],"matched_acl":null,"stdin_bytes":18446744073709551615,"timeout_ms":4294967295}`],
  ['started', `{"ts_unix_ms":0,"request_id":"${hex32}","event":"started","pid":4294967295}`,
    `{"event":"started","ts_unix_ms":0,"request_id":"${hex32}","pid":4294967295}`],
  ['warning', `{"event":"warning","ts_unix_ms":1,"request_id":"${hex32}","kind":"cancelled"}`,
    `{"event":"warning","ts_unix_ms":1,"request_id":"${hex32}","kind":"cancelled","bytes":null}`],
  ['warning', `{"event":"warning","ts_unix_ms":1,"request_id":"${hex32}","bytes":8388608,"kind":"stdout_approaching_cap"}`,
    `{"event":"warning","ts_unix_ms":1,"request_id":"${hex32}","kind":"stdout_approaching_cap","bytes":8388608}`],
  ['exit', `{"event":"exit","ts_unix_ms":1,"request_id":"${hex32}","duration_ms":3,"stdout_bytes":4,"stderr_bytes":5,"truncated":false,"code":-2147483648}`,
    `{"event":"exit","ts_unix_ms":1,"request_id":"${hex32}","code":-2147483648,"signal":null,"duration_ms":3,"stdout_bytes":4,"stderr_bytes":5,"truncated":false}`],
  ['exit', `{"event":"exit","ts_unix_ms":1,"request_id":"${hex32}","signal":9,"duration_ms":300000,"stdout_bytes":16777216,"stderr_bytes":0,"truncated":true}`,
    `{"event":"exit","ts_unix_ms":1,"request_id":"${hex32}","code":null,"signal":9,"duration_ms":300000,"stdout_bytes":16777216,"stderr_bytes":0,"truncated":true}`],
  ['denial', `{"event":"denial","ts_unix_ms":1,"request_id":"${hex32}","agent_id":"${hex64}","machine_id":"${hex64}","argv":[],"reason":"spawn_failed"}`,
    `{"event":"denial","ts_unix_ms":1,"request_id":"${hex32}","agent_id":"${hex64}","machine_id":"${hex64}","argv":[],"reason":"spawn_failed"}`],
];

const tryaudex: readonly (readonly [kind: string, sent: string, recorded: string])[] = [
  ['session_created',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","event":{"type":"session_created","role_arn":"r","ttl_seconds":3600,"allowed_actions":["s3:GetObject"],"command":["aws","s3"]}}',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","provider":"aws","event":{"type":"session_created","role_arn":"r","ttl_seconds":3600,"budget":null,"allowed_actions":["s3:GetObject"],"command":["aws","s3"]}}'],
  ['session_created',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","provider":"gcp","event":{"agent_id":"a","command":[],"allowed_actions":[],"budget":12.5,"ttl_seconds":18446744073709551615,"role_arn":"","type":"session_created"}}',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","provider":"gcp","event":{"type":"session_created","role_arn":"","ttl_seconds":18446744073709551615,"budget":12.5,"allowed_actions":[],"command":[],"agent_id":"a"}}'],
  ['credentials_issued',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","provider":"azure","event":{"type":"credentials_issued","access_key_id":"AKIAIOSFODNN7EXAMPLE","expires_at":"2026-01-02T04:04:05+00:00"}}',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","provider":"azure","event":{"type":"credentials_issued","access_key_id":"AKIAIOSFODNN7EXAMPLE","expires_at":"2026-01-02T04:04:05+00:00"}}'],
  ['session_ended',
    '{"event":{"duration_seconds":-9223372036854775808,"status":"killed","type":"session_ended"},"session_id":"s","timestamp":"2026-01-02T03:04:05Z"}',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","provider":"aws","event":{"type":"session_ended","status":"killed","duration_seconds":-9223372036854775808,"exit_code":null}}'],
  ['budget_warning',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","event":{"type":"budget_warning","current_spend":8.25,"limit":10}}',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","provider":"aws","event":{"type":"budget_warning","current_spend":8.25,"limit":10}}'],
  ['budget_exceeded',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","event":{"type":"budget_exceeded","limit":10.5,"final_spend":1e21,"note":"n"}}',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","provider":"aws","event":{"type":"budget_exceeded","final_spend":1e+21,"limit":10.5,"note":"n"}}'],
  ['resource_created',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","more":[],"event":{"type":"resource_created","service":"s3","resource_type":"bucket","identifier":"b"}}',
    '{"timestamp":"2026-01-02T03:04:05Z","session_id":"s","provider":"aws","event":{"type":"resource_created","service":"s3","resource_type":"bucket","identifier":"b"},"more":[]}'],
];

const generic: readonly (readonly [kind: string, sent: string, recorded: string])[] = [
  ['deploy', '{"action":"deploy"}', '{"action":"deploy"}'],
  ['a.b', '{"more":1,"duration_ms":18446744073709551615,"detail":null,"session_id":"s","resource":"r","actor":"x","outcome":"denied","action":"a.b"}',
    '{"action":"a.b","outcome":"denied","actor":"x","resource":"r","session_id":"s","detail":null,"duration_ms":18446744073709551615,"more":1}'],
  ['a', '{"action":"a","more":1,"outcome":"success"}', '{"action":"a","outcome":"success","more":1}'],
  ['vm_start', '{"action":"vm_start","outcome":null,"actor":null}', '{"action":"vm_start","outcome":null,"actor":null}'],
];

export interface Known {
  readonly profile: string;
  readonly kind: string;
  readonly sent: string;
  readonly recorded: string;
}

export const known: readonly Known[] = Object.entries({
  generic, 'mvm.local': local, 'mvm.tenant': tenant, codetether, 'x0x.exec': x0x, tryaudex,
}).flatMap(([profile, lines]) => lines.map(([kind, sent, recorded]) => ({ profile, kind, sent, recorded })));
