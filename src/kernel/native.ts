// The kernel's door: what Node does not ask it. Who is at the other end of a socket, in which groups, whether a directory is
// ours alone, whether the clock is kept right, that a process ends with its parent, what kind of socket we were handed, whether
// a pipe's reader took what we wrote, and a word to the service manager. The only user of koffi, through which ed25519.ts asks
// OpenSSL, too.
import koffi from 'koffi';
import type { Socket } from 'node:net';

/** What Node is linked with; OpenSSL is in it. */
export const program = koffi.load(null);
const libc = koffi.load('libc.so.6');
const getsockopt = libc.func('int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)');
const flock = libc.func('int flock(int fd, int operation)');
const adjtimex = libc.func('int adjtimex(_Inout_ uint8_t *timex)');
const prctl = libc.func('int prctl(int option, unsigned long value, unsigned long, unsigned long, unsigned long)');
const getsockname = libc.func('int getsockname(int fd, _Out_ uint8_t *address, _Inout_ uint32_t *length)');
const ioctl = libc.func('int ioctl(int fd, unsigned long request, _Out_ uint8_t *value)');
const poll = libc.func('int poll(_Inout_ uint8_t *descriptors, unsigned long count, int timeout)');
const openSocket = libc.func('int socket(int domain, int type, int protocol)');
const sendto = libc.func('intptr_t sendto(int fd, const uint8_t *bytes, size_t length, int flags, const uint8_t *address, uint32_t addressLength)');

const solSocket = 1;
const soType = 3;
const soPeercred = 17;
const soAcceptsConnections = 30;
const soPeergroups = 59;
const unixDomain = 1;
const streamType = 1;
const datagramType = 2;
const closeOnExec = 0o2000000;
const doNotWait = 0x40;
const noSignal = 0x4000;
const lockExclusive = 2;
const lockNonBlocking = 4;
const eagain = 11;
const setParentDeathSignal = 1;
const sigkill = 9;
/** FIONREAD and POLLERR. */
const bytesUnread = 0x541b;
const pollError = 8;
/** Supplementary groups asked for at most; the kernel allows 65,536, real users have a handful. */
const groupsMax = 1024;

/** Who connected, from the kernel, as it was at that moment. */
export interface PeerCredentials {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** A call that the kernel refused. `errno` is its number. */
export class KernelError extends Error {
  readonly code: 'getsockopt' | 'getsockname' | 'socket' | 'sendto' | 'flock' | 'adjtimex' | 'prctl' | 'ioctl' | 'poll' | 'no_descriptor';
  readonly errno: number;

  constructor(code: KernelError['code'], errno: number, message: string) {
    super(message);
    this.name = 'KernelError';
    this.code = code;
    this.errno = errno;
  }
}

/**
 * The descriptor of an open socket. It is Node's private property and the only way to it; null once the socket closed,
 * so it is read in the connection callback.
 */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly fd?: unknown } | null };
  const descriptor = handle?.fd;
  if (typeof descriptor === 'number' && descriptor >= 0) return descriptor;
  throw new KernelError('no_descriptor', 0, 'the socket has no descriptor: it is closed, or this Node hides it');
}

/** What the kernel answers, until the next question. */
const optionBytes = Buffer.alloc(4 * groupsMax);

/** A view of `optionBytes`: to be read before anything else is asked. */
function socketOption(descriptor: number, name: number, bytes: number): Buffer {
  const value = optionBytes.subarray(0, bytes);
  const length = [bytes];
  const result = getsockopt(descriptor, solSocket, name, value, length) as number;
  if (result !== 0) throw new KernelError('getsockopt', koffi.errno(), `getsockopt(${name}) failed with errno ${koffi.errno()}`);
  return value.subarray(0, length[0]);
}

/** The peer's pid, uid and gid at connect (SO_PEERCRED). @throws KernelError */
export function peerCredentials(socket: Socket): PeerCredentials {
  const value = socketOption(descriptorOf(socket), soPeercred, 12);
  return { pid: value.readInt32LE(0), uid: value.readUInt32LE(4), gid: value.readUInt32LE(8) };
}

/** The peer's supplementary groups at connect (SO_PEERGROUPS). @throws KernelError */
export function peerGroups(socket: Socket): readonly number[] {
  const value = socketOption(descriptorOf(socket), soPeergroups, 4 * groupsMax);
  return Array.from({ length: value.length / 4 }, (_, i) => value.readUInt32LE(4 * i));
}

/**
 * Takes the exclusive lock on an open file or directory, without waiting. False: another process holds it. The kernel
 * drops it when the descriptor or the process ends, however it ends. @throws KernelError
 */
export function tryLock(descriptor: number): boolean {
  if ((flock(descriptor, lockExclusive | lockNonBlocking) as number) === 0) return true;
  const errno = koffi.errno();
  if (errno === eagain) return false;
  throw new KernelError('flock', errno, `flock failed with errno ${errno}`);
}

/**
 * Ties this process to the one that started it: from here on the kernel kills it when its parent dies, however that is.
 * False: `parent`, a pid, is dead already. The kernel looks at the thread that started us, so that must be one that lasts.
 * @throws KernelError
 */
export function dieWith(parent: number): boolean {
  if ((prctl(setParentDeathSignal, sigkill, 0, 0, 0) as number) !== 0) {
    throw new KernelError('prctl', koffi.errno(), `prctl failed with errno ${koffi.errno()}`);
  }
  return process.ppid === parent;
}

/** Whether somebody (NTP, PTP) keeps the wall clock right, and how wrong it may be, milliseconds. */
export interface ClockSync {
  readonly isSynchronised: boolean;
  readonly maxErrorMs: number;
}

/** `struct timex` of a 64-bit kernel has 208 bytes; more, so that a longer one finds room. */
const timexBytes = 512;
const maxErrorOffset = 24;
const statusOffset = 40;
/** STA_UNSYNC. */
const unsynchronised = 0x40;

/** Asks, and changes nothing. @throws KernelError */
export function clockSync(): ClockSync {
  const timex = Buffer.alloc(timexBytes);
  if ((adjtimex(timex) as number) < 0) throw new KernelError('adjtimex', koffi.errno(), `adjtimex failed with errno ${koffi.errno()}`);
  return {
    isSynchronised: (timex.readInt32LE(statusOffset) & unsynchronised) === 0,
    maxErrorMs: Number(timex.readBigInt64LE(maxErrorOffset)) / 1000,
  };
}

/**
 * What became of what was written into a pipe, asked at its writing end: read to the last byte, waiting for a reader that is
 * there, or never to be read. @throws KernelError
 */
export function pipeState(descriptor: number): 'taken' | 'waiting' | 'abandoned' {
  const value = Buffer.alloc(4);
  if ((ioctl(descriptor, bytesUnread, value) as number) !== 0) throw new KernelError('ioctl', koffi.errno(), `ioctl failed with errno ${koffi.errno()}`);
  if (value.readInt32LE(0) === 0) return 'taken';
  // `struct pollfd`: the descriptor, what is asked for (nothing: an error is always told), the answer.
  const asked = Buffer.alloc(8);
  asked.writeInt32LE(descriptor, 0);
  if ((poll(asked, 1, 0) as number) < 0) throw new KernelError('poll', koffi.errno(), `poll failed with errno ${koffi.errno()}`);
  return (asked.readInt16LE(6) & pollError) === 0 ? 'waiting' : 'abandoned';
}

/** `struct sockaddr_un`: the family, and 108 bytes for the name. */
const addressBytes = 110;

/**
 * The name of a Unix stream socket that listens, `@` before an abstract one; undefined for a descriptor that is anything
 * else, or nothing.
 */
export function listeningPath(descriptor: number): string | undefined {
  const address = Buffer.alloc(addressBytes);
  const length = [addressBytes];
  try {
    if (socketOption(descriptor, soType, 4).readInt32LE(0) !== streamType) return undefined;
    if (socketOption(descriptor, soAcceptsConnections, 4).readInt32LE(0) !== 1) return undefined;
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
  if ((getsockname(descriptor, address, length) as number) !== 0 || address.readUInt16LE(0) !== unixDomain) return undefined;
  const name = address.subarray(2, length[0]);
  if (name[0] === 0) return `@${name.toString('utf8', 1)}`;
  const end = name.indexOf(0);
  return name.toString('utf8', 0, end < 0 ? undefined : end);
}

/**
 * A way to the datagram socket of the service manager, by its path or, with `@`, its abstract name. Opened at once, so that
 * it is there when there are no descriptors left.
 */
export class Notices {
  readonly #descriptor: number;
  readonly #address: Buffer;

  /** @throws KernelError */
  constructor(path: string) {
    const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
    this.#address = Buffer.alloc(2 + name.length);
    this.#address.writeUInt16LE(unixDomain, 0);
    name.copy(this.#address, 2);
    this.#descriptor = openSocket(unixDomain, datagramType | closeOnExec, 0) as number;
    if (this.#descriptor < 0) throw new KernelError('socket', koffi.errno(), `no socket for ${path}: errno ${koffi.errno()}`);
  }

  /** Sends without waiting. @throws KernelError where nobody takes it, or not now */
  send(text: string): void {
    const bytes = Buffer.from(text);
    const flags = doNotWait | noSignal;
    const sent = sendto(this.#descriptor, bytes, bytes.length, flags, this.#address, this.#address.length) as number;
    if (sent < 0) throw new KernelError('sendto', koffi.errno(), `the service manager was not told: errno ${koffi.errno()}`);
  }
}
