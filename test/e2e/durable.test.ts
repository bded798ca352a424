// Acknowledged means durable, as the kernel saw it: strace writes down what the daemon asked for, in its order.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Conversation, Daemon, append, temporaryDirectory } from '../daemon.js';

interface SystemCall {
  readonly thread: string;
  readonly name: string;
  readonly text: string;
}

/** The calls of an strace log in the order in which they returned; an interrupted one is put together. */
function readTrace(path: string): SystemCall[] {
  const begun = new Map<string, string>();
  const calls: SystemCall[] = [];
  for (const line of readFileSync(path, 'latin1').split('\n')) {
    const [, thread = '', text = ''] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (text.endsWith('<unfinished ...>')) {
      begun.set(thread, text.slice(0, -'<unfinished ...>'.length));
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    const whole = resumed === undefined ? text : `${begun.get(thread) ?? ''}${resumed}`;
    const name = /^(\w+)\(/.exec(whole)?.[1];
    if (name !== undefined) calls.push({ thread, name, text: whole });
  }
  return calls;
}

test('in line mode each line is written, then fsynced, and its ack leaves after that fsync returned', async () => {
  if (spawnSync('strace', ['-V']).error !== undefined) throw new Error('strace is not installed: apt-get install strace');
  const state = temporaryDirectory();
  const log = join(state, 'trace');
  const daemon = await Daemon.start({
    state,
    under: ['strace', '-f', '-y', '-s', '4096', '-o', log, '-e', 'trace=fdatasync,fsync,write,writev,pwrite64,pwritev,sendto,sendmsg', '--'],
    env: { INDELIBLE_SYNC: 'line' },
  });
  try {
    const client = new Conversation(daemon.socket);
    const marks: string[] = [];
    // Some one by one, some of several events, some without waiting.
    for (let i = 0; i < 10; i += 1) {
      marks.push(`single-${i}-`);
      expect(await client.ask(append(i, `single-${i}-`))).toMatchObject({ op: 'ack', count: 1 });
    }
    for (let i = 0; i < 20; i += 1) {
      marks.push(`pipelined-${i}-`);
      client.send(append(100 + i, `pipelined-${i}-`));
    }
    await client.until(30);
    const several = Array.from({ length: 5 }, (_, i) => `several-${i}-`);
    marks.push(...several);
    await client.ask({ op: 'append', id: 200, events: several.map((action) => ({ profile: 'generic', event: { action } })) });
    const acks = client.replies;
    // Asks strace's child, the daemon itself: strace passes it on.
    await client.close();
    const pid = readFileSync(join(`/proc/${daemon.process.pid}/task/${daemon.process.pid}/children`), 'utf8').trim().split(' ')[0];
    process.kill(Number(pid), 'SIGTERM');
    expect((await daemon.ended).code).toBe(0);

    const calls = readTrace(log);
    const segment = /\/log\/\d{20}\.jsonl>/;
    const writes = calls.map((call, index) => ({ ...call, index })).filter(({ name, text }) => name.startsWith('pwrite') && segment.test(text));
    const syncs = calls.map((call, index) => ({ ...call, index })).filter(({ name, text }) => name === 'fdatasync' && segment.test(text) && text.endsWith('= 0'));
    const durableAt = new Map<string, number>();
    for (const mark of marks) {
      const written = writes.filter(({ text }) => text.includes(mark));
      expect([mark, written.length]).toEqual([mark, 1]);
      const [{ index, text } = { index: 0, text: '' }] = written;
      // One line each: one LF in what was written, which strace shows as \n.
      expect([mark, text.match(/\\n/g)?.length]).toEqual([mark, 1]);
      const next = writes.find((write) => write.index > index)?.index ?? calls.length;
      const sync = syncs.find((one) => one.index > index && one.index < next);
      expect([mark, sync !== undefined]).toEqual([mark, true]);
      durableAt.set(mark, sync?.index ?? 0);
    }
    // Each request's last line, in the order of the acks, and where the ack's MAC left the daemon.
    const lastLines = [...marks.slice(0, 30), 'several-4-'];
    for (const [index, reply] of acks.entries()) {
      if (reply.op !== 'ack' || reply.mac === null) throw new Error(`reply ${index} is no ack`);
      const { mac } = reply;
      const sent = calls.findIndex(({ name, text }) => /^(write|writev|sendto|sendmsg)$/.test(name) && /<(socket|UNIX)/.test(text) && text.includes(mac));
      expect([index, sent >= 0]).toEqual([index, true]);
      expect(sent).toBeGreaterThan(durableAt.get(lastLines[index] ?? '') ?? Number.POSITIVE_INFINITY);
    }
  } finally {
    await daemon.clear();
  }
});
