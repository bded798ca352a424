// The command's stdin. It is handed over as it is wherever nothing has to be counted; where a rule caps it and it is a
// pipe, it goes through here. Invariant: the command never gets more than the cap, and a reader that wants no more is
// not kept from ending.
import { close, fstatSync, readFileSync, write } from 'node:fs';
import { isatty } from 'node:tty';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';

const writeTo = promisify(write);
const closeFile = promisify(close);

/** What stdin is: `bytes` are left to read in a regular file. */
export interface StdinKind {
  readonly isPiped: boolean;
  readonly bytes: number;
}

/** Looks at a descriptor. A file that grows later is not seen. */
export function stdinKind(descriptor: number): StdinKind {
  const stat = fstatSync(descriptor);
  if (!stat.isFile()) return { isPiped: !isatty(descriptor), bytes: 0 };
  return { isPiped: false, bytes: Math.max(0, stat.size - positionOf(descriptor)) };
}

function positionOf(descriptor: number): number {
  try {
    return Number(/^pos:\s*(\d+)/.exec(readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8'))?.[1] ?? 0);
  } catch {
    // Without /proc the whole file counts: rather too much than too little.
    return 0;
  }
}

/**
 * Passes a stream on to a descriptor of ours, which is closed at the end; calls `capHit` with the bytes passed, and stops,
 * when there is more than the cap. Resolves when nothing more will be passed; never rejects.
 */
export async function supply(from: Readable, to: number, capBytes: number, capHit: (bytes: number) => void): Promise<void> {
  let passed = 0;
  try {
    for await (const chunk of from as AsyncIterable<Buffer>) {
      const room = Math.min(chunk.length, capBytes - passed);
      for (let at = 0; at < room;) at += (await writeTo(to, chunk, at, room - at, null)).bytesWritten;
      passed += room;
      if (room < chunk.length) {
        capHit(passed);
        return;
      }
    }
  } catch {
    // The command reads no more (EPIPE) or has ended, or stdin broke: either way it gets an end of file.
  } finally {
    from.destroy();
    await closeFile(to);
  }
}
