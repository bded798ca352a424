// The nearest peer in promise: syslog-ng, to a file that is synced, plainly and with its secure-logging module, whose keys
// evolve with every line. It acknowledges nothing, so what counts is when the last line is in the file.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { isInstalled, until } from './child.js';
import { eventJson } from './event.js';

const lines = { plain: 30_000, secure: 3_000 } as const;

function configuration(directory: string, kind: 'plain' | 'secure'): string {
  const template = kind === 'plain' ? '$MSG\\n' : `$(slog -k ${directory}/host.key -m ${directory}/mac $MSG)\\n`;
  return `@version: 3.38
source s { unix-stream("${directory}/in" flags(no-parse)); };
destination d { file("${directory}/out" template("${template}") fsync(yes) log-fifo-size(100000)); };
log { source(s); destination(d); flags(flow-control); };
`;
}

function makeKeys(directory: string): void {
  for (const words of [['-m', `${directory}/master.key`], ['-d', `${directory}/master.key`, '00:00:00:00:00:01', '1', `${directory}/host.key`]]) {
    const { status, stderr } = spawnSync('slogkey', words, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`slogkey ${words.join(' ')}: ${stderr}`);
  }
}

function linesIn(path: string): number {
  if (!existsSync(path)) return 0;
  let count = 0;
  for (const byte of readFileSync(path)) if (byte === 0x0a) count += 1;
  return count;
}

/** Lines per second; undefined when it, or its module, is not installed. */
export async function measureSyslog(directory: string, kind: 'plain' | 'secure'): Promise<number | undefined> {
  if (!isInstalled('syslog-ng') || (kind === 'secure' && !isInstalled('slogkey'))) return undefined;
  if (kind === 'secure') makeKeys(directory);
  writeFileSync(join(directory, 'conf'), configuration(directory, kind));
  const server = spawn('syslog-ng', [
    '-F', '--no-caps', '-f', `${directory}/conf`, '-R', `${directory}/persist`, '-c', `${directory}/ctl`, '-p', `${directory}/pid`,
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
  const ended = new Promise((resolve) => { server.once('close', resolve); });
  try {
    await until(`syslog-ng listens (${said})`, () => existsSync(join(directory, 'in')));
    const started = performance.now();
    connect(join(directory, 'in')).end(`${eventJson}\n`.repeat(lines[kind]));
    await until(`syslog-ng has written everything (${said})`, () => linesIn(join(directory, 'out')) >= lines[kind], 120_000);
    return (lines[kind] * 1000) / (performance.now() - started);
  } finally {
    server.kill('SIGKILL');
    await ended;
    for (const name of ['in', 'out', 'conf', 'persist', 'ctl', 'pid', 'mac', 'host.key', 'master.key']) rmSync(join(directory, name), { force: true });
  }
}
