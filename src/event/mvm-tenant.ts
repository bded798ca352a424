// The profile `mvm.tenant`: a fleet of microVMs of many tenants, as mvm-core 0.11 writes it (`AuditEntry`). Its last three
// fields came later; lines from before are completed and not refused.
import { orElse, orNull, required } from './field.js';
import { gateDecision } from './gate-decision.js';
import { moment } from './moment.js';
import { u64 } from './number.js';
import { Shape } from './shape.js';
import type { Stream } from './stream.js';
import { listOf, oneOf, text } from './type.js';

const kinds = [
  'InstanceCreated', 'InstanceStarted', 'InstanceStopped', 'InstanceWarmed', 'InstanceSlept', 'InstanceWoken',
  'InstanceDestroyed', 'PoolCreated', 'PoolBuilt', 'PoolDestroyed', 'TenantCreated', 'TenantDestroyed', 'QuotaExceeded',
  'SecretsRotated', 'SnapshotCreated', 'SnapshotRestored', 'SnapshotDeleted', 'TransitionDeferred',
  'MinRuntimeOverridden', 'VsockSessionStarted', 'VsockSessionEnded', 'VsockFrameReceived', 'CommandBlocked',
  'CommandApproved', 'CommandDenied', 'ThreatDetected', 'RateLimitExceeded', 'SessionRecycled',
] as const;

const threatFinding = new Shape({
  category: required(oneOf([
    'SecretExposure', 'DataExfiltration', 'Injection', 'Destructive', 'PrivilegeEscalation', 'SupplyChain',
    'SensitiveFileAccess', 'SystemModification', 'NetworkAbuse', 'ToolPoisoning',
  ])),
  // Open: its source adds patterns with every version.
  pattern_id: required(text),
  severity: required(oneOf(['Info', 'Low', 'Medium', 'High', 'Critical'])),
  matched_text: required(text),
  context: required(text),
});

const type = new Shape({
  timestamp: required(moment),
  tenant_id: required(text),
  pool_id: orNull(text),
  instance_id: orNull(text),
  action: required(oneOf(kinds)),
  detail: orNull(text),
  threats: orElse(listOf(threatFinding), []),
  gate_decision: orNull(gateDecision),
  frame_sequence: orNull(u64),
});

export const mvmTenant = { name: 'mvm.tenant', type, kindAt: ['action'], kinds } as const satisfies Stream;
