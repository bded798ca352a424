// `indelible exec`: a command that runs as if it had been called directly, with its life on record. It speaks on stderr
// before and after the command only, so that nothing of ours gets into a full-screen program.
import { Command, InvalidArgumentError } from '@commander-js/extra-typings';
import { connect } from '../client/client.js';
import { realClock } from '../clock/clock.js';
import { printable } from '../event/printable.js';
import { readAcl } from '../exec/acl-file.js';
import { brokenVariables } from '../exec/environment.js';
import { ExecError } from '../exec/failure.js';
import type { Outcome } from '../exec/execute.js';
import { execute, wrapperExit } from '../exec/execute.js';
import { agentId, machineId } from '../exec/identity.js';
import { stdinKind } from '../exec/inflow.js';
import { inheritedDescriptors } from '../exec/inherited.js';
import { timeoutMsMax } from '../exec/limits.js';
import { tryLock } from '../kernel/native.js';
import { exitCodes } from './exit.js';
import { reasonOf, say } from './terminal.js';
import { version } from './version.js';

/** A daemon that does not answer at once is not there, ms. */
const connectMs = 2_000;
/** Where it lets in and does not answer, systemd is starting it, ms. */
const startMs = 20_000;
/** From SIGTERM to SIGKILL, ms. */
const graceMs = 5_000;
/** What is still to be recorded when the command has ended may take this long, ms. */
const settleMs = 30_000;
/** Both outputs and stdin may each wait in a thread of Node's pool, and a fourth must be free for all the rest. */
const threadsMin = 4;

const help = `
Exit status: the command's own; 128+n if signal n ended it; 2 wrong usage or a bad ACL; 125 it was not run because that
could not be recorded, or it succeeded and its record is incomplete, or its output could not be written (a full disk); 126
denied, or it could not be started; 127 not found.

What is recorded: request, started, warnings, exit; or a lone denial; or request and denial if it cannot be started.
Nothing runs before request is durable. Warnings come at 8 MiB of stdout, at 8 MiB of stderr and after 60 s (or at half of
a smaller limit). Output is cut off at 16 MiB each, and the command sees a closed pipe; after 300 s it gets SIGTERM, and 5 s
later SIGKILL, and a cancelled warning says so. A command has ended when its whole process group has and its output is passed
on: what it leaves in the background belongs to it, is waited for, and ended at the limit, or 5 s after a signal that asked for
the end; exit then has its own code, and the duration of all. A daemon that makes a session of its own (setsid) goes on; and
under a terminal, where a command shares the group of its job, the command alone is waited for and ended. Secrets in arguments
are masked by the daemon. A terminal goes to the command as it is: its bytes are not counted and have no cap.
What a command cannot have as if called directly, because Node takes it away before we see it: signals that its caller ignores
are not ignored by it (put nohup behind the "--"), and its soft limit of open files is the hard one (ulimit -Sn sets it back).
Descriptors above 2 are passed on, but for an eventfd, epoll and the like, and a pipe given with both ends that the caller
itself has closed. With an environment variable that is not UTF-8 nothing is run.
If the daemon goes away meanwhile, the command goes on, and its record is completed if it comes back in time.

The ACL is a JSON file that only you or root can write to or exchange: all directories above it count, and those of links
to it. Without one every command may run and is recorded.
  {"version": 1, "enabled": true,
   "agents": [{"agent_id": "<64 hex>", "machine_id": "<64 hex>", "uid": 1000, "trusted": true}],
   "commands": [{"description": "look at files", "argv": ["/usr/bin/ls", "-l", "--", "**"], "cwd": ["/srv/**"],
     "stdin_bytes_max": 0, "timeout_ms_max": 60000, "stdout_bytes_max": 1048576, "stderr_bytes_max": 1048576,
     "concurrency_max": 2}]}
"agents", "machine_id", "uid", "trusted", "cwd" and all limits may be absent. "*" stands for any text within one argument,
"/" and ".." too, a last "**" for any further arguments, neither for | & ; ( ) < > $ \` \\ or a line break. In the command (the
first of "argv") and in "cwd", "*" is one name; a command's path may not hold "..". In "cwd" a last "/**" is all below.
What "*" and "**" let in may be an option, and many programs have one that writes files or runs programs (git log --output=F):
put "--" before it, as above. A command's name is found by PATH: spell the path out. An ACL binds only those who can start
nothing but this, and whose environment (LD_PRELOAD, PAGER) somebody cleans, as sudo(8) does. "concurrency_max" counts those of
one user, in files below his home (~/.local/state/indelible/exec; else /run/user/UID; else, in a service, its StateDirectory=
or RuntimeDirectory=): it keeps him from too many by mistake, and others who act as him through sudo, but not one who may
remove those files.

Examples:
  indelible exec -- make test
  indelible exec --acl /etc/indelible/exec.json --timeout 60000 -- /usr/bin/ls -l -- src`;

interface Options {
  readonly agentId?: string | undefined;
  readonly machineId?: string | undefined;
  readonly acl?: string | undefined;
  readonly timeout?: number | undefined;
  readonly socket?: string | undefined;
}

export function execCommand(): Command {
  const command = new Command('exec')
    .summary('run a command and record its life')
    .description('Runs a command as if it were called directly, and records its life: what was asked for, its start, its end, or its denial.')
    .usage('[options] -- <command> [arguments...]')
    .argument('<command...>', 'what to run, behind "--"')
    .option('--agent-id <hex>', 'who runs it, 64 hex digits; default: derived from the user', id)
    .option('--machine-id <hex>', 'where, 64 hex digits; default: derived from /etc/machine-id', id)
    .option('--acl <file>', 'what may be run; default: everything')
    .option('--timeout <ms>', 'how long it may take; default: 300000', milliseconds)
    .option('--socket <path>', 'the daemon\'s socket')
    .addHelpText('after', help);
  // An argument of the command that looks like an option of ours would silently become one.
  command.action(async (argv, options) => {
    const dashes = process.argv.indexOf('--');
    if (dashes < 0 || argv.length !== process.argv.length - dashes - 1) {
      say('indelible: put "--" before the command: indelible exec [options] -- <command> [arguments...]');
      process.exitCode = exitCodes.usage;
      return;
    }
    await runOnRecord(argv, options);
  });
  return command as unknown as Command;
}

function id(value: string): string {
  if (!/^[0-9a-f]{64}$/.test(value)) throw new InvalidArgumentError('64 lower-case hex digits, please.');
  return value;
}

function milliseconds(value: string): number {
  const ms = /^\d{1,10}$/.test(value) ? Number(value) : 0;
  if (ms < 1 || ms > timeoutMsMax) throw new InvalidArgumentError(`from 1 to ${timeoutMsMax}, please.`);
  return ms;
}

/** Sets the exit status; a process that a stalled reader keeps from returning is ended here. */
async function runOnRecord(argv: readonly string[], options: Options): Promise<void> {
  keepBlocking();
  try {
    const { exitCode, notes, end } = await outcomeOf(argv, options);
    for (const note of notes) say(`indelible: ${printable(note)}`);
    process.exitCode = exitCode;
    // A thread of Node's waits for the reader and cannot be called back; only the kernel gets us out.
    if (end === 'stuck') process.kill(process.pid, 'SIGTERM');
  } catch (error) {
    say(`indelible: nothing was run: ${printable(reasonOf(error))}`);
    const isUsage = error instanceof ExecError && (error.code === 'acl' || error.code === 'identity');
    process.exitCode = isUsage ? exitCodes.usage : wrapperExit.incomplete;
  }
}

/**
 * Node makes a pipe that is stderr non-blocking as soon as any module looks at it; and so it would be for everyone who
 * writes to the same pipe, our neighbours under make(1) for instance, who would lose what they say.
 */
function keepBlocking(): void {
  interface Handle { setBlocking?(on: boolean): void }
  const { _handle: handle } = process.stderr as NodeJS.WriteStream & { readonly _handle?: Handle | null };
  handle?.setBlocking?.(true);
}

async function outcomeOf(argv: readonly string[], options: Options): Promise<Outcome> {
  const threads = process.env['UV_THREADPOOL_SIZE'] ?? String(threadsMin);
  if (!(Number(threads) >= threadsMin)) throw new ExecError('pipes', `UV_THREADPOOL_SIZE is "${threads}", at least ${threadsMin} are needed`);
  const uid = process.getuid?.() ?? 0;
  const acl = options.acl === undefined ? undefined : readAcl(options.acl, uid);
  const call = {
    agentId: options.agentId ?? agentId(uid), machineId: options.machineId ?? machineId(), uid, argv,
    brokenVariables: brokenVariables(), stdinBytes: stdinKind(0).bytes, timeoutMs: options.timeout, cwd: process.cwd(),
  };
  const client = await connect({
    profile: 'x0x.exec', connectTimeoutMs: connectMs, startTimeoutMs: startMs, client: `indelible-exec/${version}`,
    ...(options.socket === undefined ? {} : { socket: options.socket }),
  });
  try {
    return await execute(
      {
        call, environment: process.env, descriptors: inheritedDescriptors(), acl, tryLock, clock: realClock, graceMs, settleMs,
        tell: (line) => { say(`indelible: ${line}`); },
      },
      {
        eventBytesMax: client.welcome.max_event_bytes,
        // The signal is the deadline: while the command runs, its events wait for the daemon as long as they have to.
        append: (event, eventId, signal) => client.append(event, { id: eventId, signal, timeoutMs: timeoutMsMax }),
      },
    );
  } finally {
    await client.close({ timeoutMs: 0 });
  }
}
