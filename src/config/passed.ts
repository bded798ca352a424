// Sockets that the service manager opened before we were started (sd_listen_fds): each has a name, and the listener of that
// name gets it. What they may do stays the listener's to say; where they are and who may connect is the manager's.
import { listeningPath } from '../kernel/native.js';
import type { ListenerConfig } from '../server/settings.js';
import type { ListenerDefaults } from './listeners.js';
import { nameForm } from './listeners.js';

/** A descriptor and the name it came with. */
export interface PassedSocket {
  readonly descriptor: number;
  readonly name: string;
}

/** The first descriptor that is passed, by sd_listen_fds(3). */
const firstDescriptor = 3;
/** Descriptors passed at most; more is a mistake of whoever set LISTEN_FDS. */
const passedMax = 1024;

/** What was passed to the process `pid`; nothing if the variables are another one's. */
export function passedSockets(environment: Readonly<Record<string, string | undefined>>, pid: number): readonly PassedSocket[] {
  const count = Number(environment['LISTEN_FDS']);
  if (environment['LISTEN_PID'] !== String(pid) || !Number.isInteger(count) || count < 1 || count > passedMax) return [];
  const names = environment['LISTEN_FDNAMES']?.split(':') ?? [];
  return Array.from({ length: count }, (_, i) => ({ descriptor: firstDescriptor + i, name: names[i] ?? 'default' }));
}

/**
 * The listeners with their sockets: a configured one whose name was passed gets that socket, a name that is not configured
 * is a listener without labels. What does not fit goes to `problems`, each with the socket it is about; what fits is returned.
 */
export function withPassed(
  configured: readonly ListenerConfig[], passed: readonly PassedSocket[], defaults: ListenerDefaults, problems: string[],
  pathOf: (descriptor: number) => string | undefined = listeningPath,
): readonly ListenerConfig[] {
  const opened: ListenerConfig[] = [];
  const names = new Set<string>();
  for (const { descriptor, name } of passed) {
    const wrong = (what: string): void => { problems.push(`the socket that systemd passes as ${JSON.stringify(name)} ${what}`); };
    const before = problems.length;
    if (!nameForm.test(name) || name === 'self') wrong(`should have a FileDescriptorName that matches ${nameForm.source} and is not "self"`);
    else if (names.has(name)) wrong('is passed twice: each socket unit needs a FileDescriptorName of its own');
    names.add(name);
    const path = pathOf(descriptor);
    if (path === undefined || path === '') {
      wrong(`(descriptor ${descriptor}) is no Unix stream socket that listens`);
      continue;
    }
    const fitting = configured.find((listener) => listener.name === name);
    if (fitting !== undefined && fitting.path !== path) {
      wrong(`is at ${path}, and INDELIBLE_SOCKET or INDELIBLE_LISTENERS has it at ${fitting.path}: ` +
        'name the same path there, or change ListenStream in the socket unit');
    }
    const other = configured.find((listener) => listener.path === path && listener.name !== name);
    if (other !== undefined) wrong(`is at ${path}, and so is listener ${other.name}`);
    if (problems.length > before) continue;
    const plain = { name, path, mode: defaults.mode, profiles: undefined, labels: {}, rate: defaults.rate };
    opened.push({ ...(fitting ?? plain), descriptor });
  }
  return [...opened, ...configured.filter(({ name }) => !opened.some((listener) => listener.name === name))];
}
