// The profile `x0x.exec`: commands that remote agents run, or were denied (`AuditEvent`).
import { orNull, required } from './field.js';
import { i32, u32, u64 } from './number.js';
import type { Stream } from './stream.js';
import { flag, hex, listOf, oneOf, text } from './type.js';
import { Variants } from './variants.js';

const agent = { agent_id: required(hex(64)), machine_id: required(hex(64)) };
// An empty one is taken in a request too: it says that nothing was asked to run, and a refusal would hide that.
const argv = required(listOf(text));

const type = new Variants('event', {
  ts_unix_ms: required(u64),
  request_id: required(hex(32)),
}, {
  request: { ...agent, argv, matched_acl: orNull(text), stdin_bytes: required(u64), timeout_ms: required(u32) },
  started: { pid: required(u32) },
  warning: {
    kind: required(oneOf([
      'stdout_cap_hit', 'stderr_cap_hit', 'duration_approaching_cap', 'stdout_approaching_cap', 'stderr_approaching_cap',
      'lease_expired', 'peer_disconnected', 'cancelled',
    ])),
    bytes: orNull(u64),
  },
  exit: {
    code: orNull(i32), signal: orNull(i32), duration_ms: required(u64), stdout_bytes: required(u64),
    stderr_bytes: required(u64), truncated: required(flag),
  },
  denial: {
    ...agent,
    argv,
    reason: required(oneOf([
      'exec_disabled', 'unverified_sender', 'trust_rejected', 'agent_machine_not_in_acl', 'argv_not_allowed',
      'stdin_too_large', 'timeout_too_large', 'cwd_not_allowed', 'concurrency_limit_reached', 'shell_metachar_in_argv',
      'spawn_failed', 'malformed_frame',
    ])),
  },
});

export const x0xExec = { name: 'x0x.exec', type, kindAt: ['event'], kinds: [...type.shapes.keys()] } as const satisfies Stream;
