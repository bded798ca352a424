// A service manager's end of sd_notify, which Node cannot open: a datagram socket at a path or, with `@`, an abstract name.
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const openSocket = libc.func('int socket(int domain, int type, int protocol)');
const bind = libc.func('int bind(int fd, const uint8_t *address, uint32_t length)');
const recv = libc.func('intptr_t recv(int fd, _Out_ uint8_t *into, size_t length, int flags)');
const close = libc.func('int close(int fd)');

const bytesMax = 65_536;
const doNotWait = 0x40;

export class Manager {
  readonly #descriptor: number;

  constructor(path: string) {
    const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
    this.#descriptor = openSocket(1, 2, 0) as number;
    const address = Buffer.concat([Buffer.from([1, 0]), name]);
    if ((bind(this.#descriptor, address, address.length) as number) !== 0) throw new Error(`no socket at ${path}: errno ${koffi.errno()}`);
  }

  /** What has arrived, a datagram each. */
  heard(): readonly string[] {
    const texts: string[] = [];
    for (;;) {
      const into = Buffer.alloc(bytesMax);
      const length = Number(recv(this.#descriptor, into, bytesMax, doNotWait));
      if (length < 0) return texts;
      texts.push(into.toString('utf8', 0, length));
    }
  }

  close(): void {
    close(this.#descriptor);
  }
}
