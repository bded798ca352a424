// What the daemon must make of an event: written by hand from the README's tables, so that the catalogue is compared with
// something else than itself. `?` may be absent or null, `=` is recorded then, `-` is left out then, `~` stays as it is.
import { type Meaning, isFigure, isList } from './meaning.js';

/** `assigned` stands where the daemon chooses a value of its own. */
export const assigned = { id: '\u0001assigned id\u0001', timestamp: '\u0001assigned time\u0001' } as const;

const local = 'vm_start vm_stop key_lookup volume_create volume_open update_install uninstall network_create network_remove image_fetch template_build template_push template_pull config_change console_session_start console_session_end';
const tenant = 'InstanceCreated InstanceStarted InstanceStopped InstanceWarmed InstanceSlept InstanceWoken InstanceDestroyed PoolCreated PoolBuilt PoolDestroyed TenantCreated TenantDestroyed QuotaExceeded SecretsRotated SnapshotCreated SnapshotRestored SnapshotDeleted TransitionDeferred MinRuntimeOverridden VsockSessionStarted VsockSessionEnded VsockFrameReceived CommandBlocked CommandApproved CommandDenied ThreatDetected RateLimitExceeded SessionRecycled';
const threat = 'SecretExposure DataExfiltration Injection Destructive PrivilegeEscalation SupplyChain SensitiveFileAccess SystemModification NetworkAbuse ToolPoisoning';
const warning = 'stdout_cap_hit stderr_cap_hit duration_approaching_cap stdout_approaching_cap stderr_approaching_cap lease_expired peer_disconnected cancelled';
const denial = 'exec_disabled unverified_sender trust_rejected agent_machine_not_in_acl argv_not_allowed stdin_too_large timeout_too_large cwd_not_allowed concurrency_limit_reached shell_metachar_in_argv spawn_failed malformed_frame';
const x0xHead = 'ts_unix_ms:u64 request_id:hex32';
const x0xAgent = 'agent_id:hex64 machine_id:hex64 argv:str[]';

type Shape = Readonly<Record<string, string>>;

function shape(fields: string): Shape {
  return Object.fromEntries(fields.split(' ').map((field) => {
    const at = field.indexOf(':');
    return [field.slice(0, at), field.slice(at + 1)];
  }));
}

const words: Readonly<Record<string, string>> = {
  local, tenant, threat, warning, denial, outcome: 'success failure denied', severity: 'Info Low Medium High Critical',
  category: 'api tool_execution session cognition swarm auth k8s sandbox config',
};

const threatShape = shape('category:(threat) pattern_id:str severity:(severity) matched_text:str context:str');
const blockedShape = shape('pattern:str reason:str');
const approvalShape = shape('reason:str');

/** Profiles with one shape, and those with a tag that chooses among several. */
const plainShapes: Readonly<Record<string, { readonly fields: Shape; readonly kind: string }>> = {
  generic: { kind: 'action', fields: shape('action:filled outcome:~(outcome) actor:~str resource:~str session_id:~str detail:~any duration_ms:~u64') },
  'mvm.local': { kind: 'kind', fields: shape('timestamp:ts kind:(local) vm_name:=str detail:=str') },
  'mvm.tenant': {
    kind: 'action',
    fields: shape('timestamp:ts tenant_id:str pool_id:=str instance_id:=str action:(tenant) detail:=str threats:threats gate_decision:=gate frame_sequence:=u64'),
  },
  codetether: {
    kind: 'category',
    fields: shape('id:id timestamp:now category:(category) action:str principal:=str outcome:(outcome) detail:-any duration_ms:-u64 okr_id:-str okr_run_id:-str relay_id:-str session_id:-str'),
  },
};

const execShapes: Readonly<Record<string, Shape>> = {
  request: shape(`event:tag ${x0xHead} ${x0xAgent} matched_acl:=str stdin_bytes:u64 timeout_ms:u32`),
  started: shape(`event:tag ${x0xHead} pid:u32`),
  warning: shape(`event:tag ${x0xHead} kind:(warning) bytes:=u64`),
  exit: shape(`event:tag ${x0xHead} code:=i32 signal:=i32 duration_ms:u64 stdout_bytes:u64 stderr_bytes:u64 truncated:bool`),
  denial: shape(`event:tag ${x0xHead} ${x0xAgent} reason:(denial)`),
};

const audexShapes: Readonly<Record<string, Shape>> = {
  session_created: shape('type:tag role_arn:str ttl_seconds:u64 budget:=f64 allowed_actions:str[] command:str[] agent_id:-str'),
  credentials_issued: shape('type:tag access_key_id:str expires_at:ts'),
  session_ended: shape('type:tag status:str duration_seconds:i64 exit_code:=i32'),
  budget_warning: shape('type:tag current_spend:f64 limit:f64'),
  budget_exceeded: shape('type:tag final_spend:f64 limit:f64'),
  resource_created: shape('type:tag service:str resource_type:str identifier:str'),
};

const audexEnvelope = shape('timestamp:ts session_id:str provider:aws event:audex');

/** The names that may be sent as a profile. */
export const profiles: readonly string[] = [...Object.keys(plainShapes), 'x0x.exec', 'tryaudex'];

/** `either`: the documents leave open whether a float beyond 2^53 is an integer that was meant. */
export type Verdict = { readonly ok: 'yes' | 'either'; readonly kind: string; readonly event: ReadonlyMap<string, Meaning> } | { readonly ok: 'no' };

class Wrong extends Error {}

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  u32: [0n, 2n ** 32n - 1n], u64: [0n, 2n ** 64n - 1n], i32: [-(2n ** 31n), 2n ** 31n - 1n], i64: [-(2n ** 63n), 2n ** 63n - 1n],
};

/** What an event of a profile that is known is recorded as. */
export function completed(profile: string, event: Meaning): Verdict {
  const seen = { vague: false };

  function take(type: string, value: Meaning | undefined): Meaning | undefined {
    const refuse = (): never => { throw new Wrong(); };
    if (type.startsWith('=')) return value === undefined || value === null ? null : take(type.slice(1), value);
    if (type.startsWith('-')) return value === undefined || value === null ? undefined : take(type.slice(1), value);
    if (type.startsWith('~')) return value === undefined || value === null ? value : take(type.slice(1), value);
    if (type === 'id' || type === 'now') return value === undefined ? (type === 'id' ? assigned.id : assigned.timestamp) : take(type === 'id' ? 'str' : 'ts', value);
    if (type === 'aws') return value === undefined ? 'aws' : take('str', value);
    if (type === 'threats') return value === undefined ? [] : isList(value) ? value.map((item) => map(threatShape, item)) : refuse();
    if (value === undefined) return refuse();
    if (type.startsWith('(')) return typeof value === 'string' && (words[type.slice(1, -1)] ?? '').split(' ').includes(value) ? value : refuse();
    const range = ranges[type];
    if (range !== undefined) {
      if (!isFigure(value) || value.whole === undefined || value.whole < range[0] || value.whole > range[1]) return refuse();
      seen.vague ||= value.vague;
      return value;
    }
    switch (type) {
      case 'any': return value;
      case 'tag':
      case 'str': return typeof value === 'string' ? value : refuse();
      case 'filled': return typeof value === 'string' && value !== '' ? value : refuse();
      case 'bool': return typeof value === 'boolean' ? value : refuse();
      case 'f64': return isFigure(value) ? value : refuse();
      case 'ts': return typeof value === 'string' && isMoment(value) ? value : refuse();
      case 'hex32': return typeof value === 'string' && /^[0-9a-f]{32}$(?![\n])/.test(value) ? value : refuse();
      case 'hex64': return typeof value === 'string' && /^[0-9a-f]{64}$(?![\n])/.test(value) ? value : refuse();
      case 'str[]': return isList(value) && value.every((item) => typeof item === 'string') ? value : refuse();
      case 'audex': return map(tagged(audexShapes, 'type', value), value);
      case 'gate': {
        if (value === 'Allow') return value;
        if (!(value instanceof Map) || value.size !== 1) return refuse();
        const [[name, held] = ['', null]] = value as ReadonlyMap<string, Meaning>;
        return name === 'Blocked' ? new Map([[name, map(blockedShape, held)]]) : name === 'RequiresApproval' ? new Map([[name, map(approvalShape, held)]]) : refuse();
      }
      default: throw new Error(`no such type: ${type}`);
    }
  }

  function map(fields: Shape, value: Meaning): ReadonlyMap<string, Meaning> {
    if (!(value instanceof Map)) throw new Wrong();
    const given = value as ReadonlyMap<string, Meaning>;
    const made = new Map<string, Meaning>();
    for (const [name, type] of Object.entries(fields)) {
      const taken = take(type, given.get(name));
      if (taken !== undefined) made.set(name, taken);
    }
    for (const [name, held] of given) if (!Object.hasOwn(fields, name)) made.set(name, held);
    return made;
  }

  try {
    const made = map(fieldsOf(profile, event), event);
    const kind = kindOf(profile, made);
    return { ok: seen.vague ? 'either' : 'yes', kind, event: made };
  } catch (error) {
    if (error instanceof Wrong) return { ok: 'no' };
    throw error;
  }
}

function fieldsOf(profile: string, event: Meaning): Shape {
  if (profile === 'tryaudex') return audexEnvelope;
  return plainShapes[profile]?.fields ?? tagged(execShapes, 'event', event);
}

function tagged(shapes: Readonly<Record<string, Shape>>, tag: string, value: Meaning): Shape {
  const name = value instanceof Map ? (value as ReadonlyMap<string, Meaning>).get(tag) : undefined;
  const found = typeof name === 'string' && Object.hasOwn(shapes, name) ? shapes[name] : undefined;
  if (found === undefined) throw new Wrong();
  return found;
}

function kindOf(profile: string, made: ReadonlyMap<string, Meaning>): string {
  const inner = made.get('event');
  const found = profile === 'tryaudex' ? (inner instanceof Map ? (inner as ReadonlyMap<string, Meaning>).get('type') : undefined)
    : profile === 'x0x.exec' ? inner : made.get(plainShapes[profile]?.kind ?? '');
  return typeof found === 'string' ? found : '';
}

/** RFC 3339, with up to nine fraction digits. */
export function isMoment(text: string): boolean {
  const parts = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:[Zz]|[+-](\d\d):(\d\d))$/.exec(text);
  if (parts === null || text.endsWith('\n')) return false;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetHour = 0, offsetMinute = 0] =
    parts.slice(1).map((part) => Number(part));
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  const offset = [offsetHour, offsetMinute].map((part) => (Number.isNaN(part) ? 0 : part));
  const isClock = hour <= 23 && minute <= 59 && second <= 60;
  return day >= 1 && day <= days && isClock && (offset[0] ?? 0) <= 23 && (offset[1] ?? 0) <= 59;
}
