// The nearest peer in speed: Redis's stream append, its append-only file synced before every reply.
import { spawn } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isInstalled, runProgram, until } from './child.js';
import type { Cell } from './grid.js';
import { requestsInFlight } from './grid.js';
import type { LoadOrder, LoadResult } from './load.js';
import type { Times } from './times.js';

/** Measures one cell with a fresh server; undefined when Redis is not installed. */
export async function measureRedis(directory: string, cell: Cell, times: Times): Promise<LoadResult | undefined> {
  if (!isInstalled('redis-server')) return undefined;
  const socket = join(directory, 'r');
  const server = spawn('redis-server', [
    '--port', '0', '--unixsocket', socket, '--dir', directory, '--save', '', '--appendonly', 'yes', '--appendfsync', 'always',
    '--auto-aof-rewrite-percentage', '0', '--daemonize', 'no',
  ], { stdio: 'ignore' });
  const ended = new Promise((resolve) => { server.once('close', resolve); });
  try {
    await until('Redis listens', () => existsSync(socket));
    const order: LoadOrder = {
      peer: 'redis', socket, pid: server.pid ?? 0, connections: cell.connections, inFlight: requestsInFlight(cell), batch: cell.batch, name: '', ...times,
    };
    return await runProgram<LoadResult>('load', order);
  } finally {
    server.kill('SIGKILL');
    await ended;
    for (const name of ['appendonlydir', 'r']) rmSync(join(directory, name), { recursive: true, force: true });
  }
}
