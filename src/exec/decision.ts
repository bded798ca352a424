// Whether a command may run. Invariant: what no rule allows is denied, and the reason is the first one below that holds.
//
// | reason                    | when                                                                                     |
// | ------------------------- | ---------------------------------------------------------------------------------------- |
// | malformed_frame           | the call cannot be recorded or made as it is: an argument or a variable of the environment|
// |                           | is not UTF-8 (Node has put U+FFFD in its place and would run something else), or the argv |
// |                           | is too large for an event (recorded as [])                                               |
// | exec_disabled             | "enabled" is false                                                                       |
// | agent_machine_not_in_acl  | "agents" is there and lists no such agent on such a machine                              |
// | trust_rejected            | the agent's entry has "trusted": false                                                   |
// | unverified_sender         | the agent's entry has a "uid", and the caller is another user                            |
// | shell_metachar_in_argv    | no "argv" lists the call, and an argument has metacharacters that no pattern spells out  |
// | argv_not_allowed          | no "argv" lists the call                                                                 |
// | cwd_not_allowed           | the rule has "cwd" and the working directory is not among them                           |
// | stdin_too_large           | stdin is a regular file with more left to read than "stdin_bytes_max"; a longer pipe can |
// |                           | only be seen while it runs: a `cancelled` warning, and the command is ended              |
// | timeout_too_large         | --timeout is above "timeout_ms_max" (300,000 when absent)                                |
// | concurrency_limit_reached | "concurrency_max" commands of the rule are running (slots.ts)                            |
// | spawn_failed              | the kernel would not start it: after `request`, because it shows only then               |
//
// Without an ACL only malformed_frame and spawn_failed occur: the calls are recorded, nobody is asked for leave.
import type { EventOf } from '../event/catalogue.js';
import type { Acl, AgentEntry, Rule } from './acl.js';
import { type Limits, defaultCaps } from './limits.js';
import { argvMatches, directoryMatches, hasMetacharacter } from './pattern.js';

export type ExecEvent = EventOf<'x0x.exec'>;
export type DenialReason = Extract<ExecEvent, { readonly event: 'denial' }>['reason'];

/** What somebody wants to run. */
export interface Call {
  readonly agentId: string;
  readonly machineId: string;
  readonly uid: number;
  readonly argv: readonly string[];
  /** Variables of the environment that are not UTF-8. */
  readonly brokenVariables: readonly string[];
  /** What is left to read of stdin where that is a regular file, else 0. */
  readonly stdinBytes: number;
  /** As asked for; undefined when nobody said. */
  readonly timeoutMs: number | undefined;
  readonly cwd: string;
}

/** The answer. `rule` is undefined where there is no ACL; `why` is for a person, where the reason alone says little. */
export type Decision =
  | { readonly kind: 'allowed'; readonly rule: Rule | undefined; readonly limits: Limits }
  | { readonly kind: 'denied'; readonly reason: DenialReason; readonly argv: readonly string[]; readonly why?: string };

/** The daemon takes 10,000 values in an event; what is not argv is well below the difference. */
const argumentsMax = 9_000;
/** What an event holds besides argv, bytes at most. */
const eventHeadBytesMax = 2_048;
/** MessagePack's head of a string, bytes at most. */
const stringHeadBytes = 5;

/** Decides on a call. `eventBytesMax` is what the daemon takes for one event. */
export function decide(call: Call, acl: Acl | undefined, eventBytesMax: number): Decision {
  const { argv, brokenVariables: [broken] } = call;
  const bytes = argv.reduce((sum, argument) => sum + Buffer.byteLength(argument) + stringHeadBytes, eventHeadBytesMax);
  if (argv.length > argumentsMax || bytes > eventBytesMax) return malformed([], 'the arguments are too large to be recorded');
  const denied = (reason: DenialReason): Decision => ({ kind: 'denied', reason, argv });
  if (argv.length === 0) return malformed(argv, 'there is no command');
  const odd = argv.findIndex((argument) => argument.includes('\ufffd'));
  if (odd >= 0) return malformed(argv, `argument ${odd} is not UTF-8`);
  if (broken !== undefined) return malformed(argv, `the variable ${broken} in the environment is not UTF-8: unset it`);
  if (acl === undefined) return { kind: 'allowed', rule: undefined, limits: limitsOf(call, undefined) };
  if (!acl.enabled) return denied('exec_disabled');
  const stranger = acl.agents === undefined ? undefined : refuseAgent(call, acl.agents);
  if (stranger !== undefined) return denied(stranger);
  const listed = acl.rules.filter((rule) => argvMatches(rule.argv, argv));
  if (listed.length === 0) return denied(argv.some(hasMetacharacter) ? 'shell_metachar_in_argv' : 'argv_not_allowed');
  let first: DenialReason | undefined;
  for (const rule of listed) {
    const reason = refuseCall(call, rule);
    if (reason === undefined) return { kind: 'allowed', rule, limits: limitsOf(call, rule) };
    first ??= reason;
  }
  return denied(first ?? 'argv_not_allowed');
}

function malformed(argv: readonly string[], why: string): Decision {
  return { kind: 'denied', reason: 'malformed_frame', argv, why };
}

function refuseAgent({ agentId, machineId, uid }: Call, agents: readonly AgentEntry[]): DenialReason | undefined {
  const entries = agents.filter((entry) => entry.agentId === agentId && (entry.machineId ?? machineId) === machineId);
  if (entries.length === 0) return 'agent_machine_not_in_acl';
  if (entries.some(({ trusted }) => !trusted)) return 'trust_rejected';
  return entries.some((entry) => (entry.uid ?? uid) === uid) ? undefined : 'unverified_sender';
}

function refuseCall({ cwd, stdinBytes, timeoutMs }: Call, rule: Rule): DenialReason | undefined {
  if (rule.cwd?.some((pattern) => directoryMatches(pattern, cwd)) === false) return 'cwd_not_allowed';
  if (stdinBytes > (rule.stdinBytesMax ?? Infinity)) return 'stdin_too_large';
  return (timeoutMs ?? 0) > (rule.timeoutMsMax ?? defaultCaps.durationMs) ? 'timeout_too_large' : undefined;
}

function limitsOf({ timeoutMs }: Call, rule: Rule | undefined): Limits {
  return {
    stdinBytes: rule?.stdinBytesMax,
    stdoutBytes: rule?.stdoutBytesMax ?? defaultCaps.stdoutBytes,
    stderrBytes: rule?.stderrBytesMax ?? defaultCaps.stderrBytes,
    durationMs: timeoutMs ?? Math.min(defaultCaps.durationMs, rule?.timeoutMsMax ?? defaultCaps.durationMs),
  };
}
