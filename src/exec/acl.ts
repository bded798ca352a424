// The ACL: who may run what, where, and how much of it. One JSON object; a key that is not listed here is an error,
// because a misspelled limit would be no limit, and so is one that is there twice, of which a reader sees the first.
//
//   { "version": 1,
//     "enabled": true,                          false: everything is denied
//     "agents": [                               absent: every agent
//       { "agent_id": "<64 hex>",
//         "machine_id": "<64 hex>",             absent: on any machine
//         "uid": 1000,                          who may call himself so; absent: anyone
//         "trusted": true } ],                  false: denied by name
//     "commands": [
//       { "description": "look at files",       recorded as matched_acl
//         "argv": ["/usr/bin/ls", "-l", "--", "**"],
//         "cwd": ["/srv/**"],                   absent: anywhere
//         "stdin_bytes_max": 0, "timeout_ms_max": 60000, "stdout_bytes_max": 1048576,
//         "stderr_bytes_max": 1048576, "concurrency_max": 2 } ] }
//
// The first command whose patterns, directory and limits all admit the call decides.
import { ExecError, messageOf } from './failure.js';
import { timeoutMsMax } from './limits.js';
import { goesUp } from './pattern.js';

/** Who may run something. */
export interface AgentEntry {
  readonly agentId: string;
  readonly machineId: string | undefined;
  readonly uid: number | undefined;
  readonly trusted: boolean;
}

/** What may be run, and within what. */
export interface Rule {
  readonly description: string;
  readonly argv: readonly string[];
  readonly cwd: readonly string[] | undefined;
  readonly stdinBytesMax: number | undefined;
  readonly timeoutMsMax: number | undefined;
  readonly stdoutBytesMax: number | undefined;
  readonly stderrBytesMax: number | undefined;
  readonly concurrencyMax: number | undefined;
}

export interface Acl {
  readonly enabled: boolean;
  readonly agents: readonly AgentEntry[] | undefined;
  readonly rules: readonly Rule[];
}

/** Slots that one rule may have; each is a file that is tried in turn. */
const concurrencyMost = 1024;
const uidMax = 2 ** 32 - 1;

// A JSON object on its way to be understood: every key is asked for once, and what is left over is unknown.
class Reader {
  readonly #path: string;
  readonly #left: Map<string, unknown>;

  constructor(value: unknown, path: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong(path, 'should be an object');
    this.#path = path;
    this.#left = new Map(Object.entries(value));
  }

  take<T>(key: string, read: (value: unknown, path: string) => T): T {
    const value = this.#left.get(key);
    if (value === undefined) throw wrong(`${this.#path}/${key}`, 'is missing');
    this.#left.delete(key);
    return read(value, `${this.#path}/${key}`);
  }

  maybe<T>(key: string, read: (value: unknown, path: string) => T): T | undefined {
    return this.#left.has(key) ? this.take(key, read) : undefined;
  }

  end(): void {
    const [key] = this.#left.keys();
    if (key !== undefined) throw wrong(`${this.#path}/${key}`, 'is not a key that is known here');
  }
}

function wrong(path: string, what: string): ExecError {
  return new ExecError('acl', `${path === '' ? '/' : path} ${what}`);
}

function flag(value: unknown, path: string): boolean {
  if (typeof value === 'boolean') return value;
  throw wrong(path, 'should be true or false');
}

function text(value: unknown, path: string): string {
  if (typeof value === 'string' && value !== '') return value;
  throw wrong(path, 'should be a text that is not empty');
}

function id(value: unknown, path: string): string {
  if (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)) return value;
  throw wrong(path, 'should be 64 lower-case hex digits');
}

function whole(min: number, max: number): (value: unknown, path: string) => number {
  return (value, path) => {
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw wrong(path, `should be a whole number from ${min} to ${max}`);
  };
}

function list<T>(read: (value: unknown, path: string) => T): (value: unknown, path: string) => readonly T[] {
  return (value, path) => {
    if (!Array.isArray(value)) throw wrong(path, 'should be a list');
    return value.map((item: unknown, i) => read(item, `${path}/${i}`));
  };
}

function argvPatterns(value: unknown, path: string): readonly string[] {
  const patterns = list((item, where) => (item === '' ? '' : text(item, where)))(value, path);
  const [command] = patterns;
  if (command === undefined) throw wrong(path, 'should name a command');
  if (goesUp(command)) throw wrong(`${path}/0`, 'has a ".." in its path: spell out where it leads');
  const early = patterns.findIndex((pattern, i) => pattern.includes('**') && (pattern !== '**' || i < patterns.length - 1));
  if (early >= 0) throw wrong(`${path}/${early}`, 'has "**", which stands alone and at the end only');
  return patterns;
}

function directoryPattern(value: unknown, path: string): string {
  const pattern = text(value, path);
  if (!pattern.startsWith('/')) throw wrong(path, 'should begin with /');
  if (pattern.replace(/\/\*\*$/, '').includes('**')) throw wrong(path, 'has "**", which may only be its last name');
  return pattern;
}

function agentEntry(value: unknown, path: string): AgentEntry {
  const from = new Reader(value, path);
  const entry = {
    agentId: from.take('agent_id', id), machineId: from.maybe('machine_id', id),
    uid: from.maybe('uid', whole(0, uidMax)), trusted: from.maybe('trusted', flag) ?? true,
  };
  from.end();
  return entry;
}

function rule(value: unknown, path: string): Rule {
  const from = new Reader(value, path);
  const bytes = whole(0, Number.MAX_SAFE_INTEGER);
  const entry = {
    description: from.take('description', text),
    argv: from.take('argv', argvPatterns),
    cwd: from.maybe('cwd', list(directoryPattern)),
    stdinBytesMax: from.maybe('stdin_bytes_max', bytes),
    timeoutMsMax: from.maybe('timeout_ms_max', whole(1, timeoutMsMax)),
    stdoutBytesMax: from.maybe('stdout_bytes_max', bytes),
    stderrBytesMax: from.maybe('stderr_bytes_max', bytes),
    concurrencyMax: from.maybe('concurrency_max', whole(0, concurrencyMost)),
  };
  from.end();
  return entry;
}

// A string, with the colon that makes a key of it, or a brace outside strings.
const keysAndBraces = /("(?:[^"\\]|\\.)*")(\s*:)?|[{}]/g;

/** Refuses a text, valid as JSON, in which an object has a key twice: `JSON.parse` silently takes the last. */
function refuseRepeatedKeys(json: string): void {
  const open: Set<string>[] = [];
  for (const { 0: token, 1: quoted = '', 2: colon, index } of json.matchAll(keysAndBraces)) {
    if (token === '{') open.push(new Set());
    if (token === '}') open.pop();
    const keys = open.at(-1);
    if (colon === undefined || keys === undefined) continue;
    // By what it says: "\u0061" is "a".
    const key = JSON.parse(quoted) as string;
    if (keys.has(key)) throw new ExecError('acl', `line ${json.slice(0, index).split('\n').length}: the key ${quoted} is there twice`);
    keys.add(key);
  }
}

/** Understands an ACL. @throws ExecError `acl`, beginning with the JSON pointer of what is wrong */
export function parseAcl(json: string): Acl {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw new ExecError('acl', `not JSON: ${messageOf(error)}`, error);
  }
  refuseRepeatedKeys(json);
  const from = new Reader(value, '');
  from.take('version', whole(1, 1));
  const acl = {
    enabled: from.take('enabled', flag), agents: from.maybe('agents', list(agentEntry)), rules: from.take('commands', list(rule)),
  };
  from.end();
  return acl;
}
