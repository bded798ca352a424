// What `scripts/demo` shows. Every event in it is something that really happened on this repository.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../dist/client/client.js';

const place = mkdtempSync(join(tmpdir(), 'indelible-demo-'));
const state = join(place, 'state');
const key = join(place, 'verification.key');
const environment = { ...process.env, INDELIBLE_STATE_DIR: state, INDELIBLE_SOCKET: join(place, 'demo.sock'), INDELIBLE_LOG_LEVEL: 'error' };
const main = new URL('../dist/cli/main.js', import.meta.url).pathname;

const hide = (text) => text.replaceAll(place, '/demo');
const title = (text) => console.log(`\n# ${text}`);

/** Runs a command of ours as a person would, and shows what it says. */
function run(...args) {
  console.log(`$ indelible ${args.join(' ').replaceAll(place, '/demo')}`);
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { env: environment, encoding: 'utf8' });
  process.stdout.write(hide(stdout + stderr));
  console.log(`(exit ${status})`);
  return { status, stdout };
}

/** Starts the daemon; resolves when it answers. */
async function startDaemon() {
  const daemon = spawn(process.execPath, [main, 'serve'], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  const client = await connect({ socket: environment.INDELIBLE_SOCKET, client: 'demo' });
  return { daemon, client };
}

/** Runs a real command and records it: that it began, before it does, and how it ended. */
async function recorded(client, argv) {
  const started = performance.now();
  const session_id = `demo-${process.pid}`;
  await client.append({ action: 'command.request', actor: 'demo', resource: argv[0], session_id, detail: { argv } });
  const { status, stdout } = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8', cwd: new URL('..', import.meta.url).pathname });
  const receipt = await client.append({
    action: 'command.exit', outcome: status === 0 ? 'success' : 'failure', actor: 'demo', resource: argv[0], session_id,
    detail: { code: status, stdout_bytes: stdout.length }, duration_ms: Math.round(performance.now() - started),
  });
  console.log(`recorded ${argv.slice(0, 3).join(' ')}: record ${receipt.first}, mac ${receipt.mac.slice(0, 16)}…`);
}

title('A log is made; its verification key goes elsewhere');
run('init', '--origin', 'demo.example/host', '--key-out', key);

title('Real commands are recorded before and after they run');
let { daemon, client } = await startDaemon();
for (const argv of [
  ['git', 'rev-parse', '--is-inside-work-tree'],
  ['git', 'status', '--porcelain'],
  ['npm', 'ls', '--omit=dev'],
  ['node_modules/.bin/tsc', '--version'],
]) await recorded(client, argv);

title('2,000 events are under way when the daemon is killed with SIGKILL; it is started again');
const underWay = [];
let acknowledged = 0;
let killedAt;
for (let n = 0; n < 2000; n += 1) {
  const append = client.append({ action: 'burst', detail: { n } });
  underWay.push(append);
  append.then(() => {
    acknowledged += 1;
    if (acknowledged < 500 || killedAt !== undefined) return;
    killedAt = acknowledged;
    daemon.kill('SIGKILL');
  }, () => undefined);
  // A new request every 25 events, so that many are at every stage of their way when the end comes.
  if (n % 25 === 24) await new Promise(setImmediate);
}
await new Promise((resolve) => { daemon.once('exit', resolve); });
const again = await startDaemon();
const receipts = await Promise.all(underWay);
const sequence = new Set(receipts.flatMap(({ first, count, duplicates = [] }) => [
  ...Array.from({ length: count }, (_, i) => first + i), ...duplicates.map(([, seq]) => seq),
]));
console.log(`killed after ${killedAt} acks; in the end all ${receipts.length} are acknowledged, in ${sequence.size} records, none twice`);
await client.close();
await again.client.close();
run('tail', '-n', '3');
run('status');
again.daemon.kill('SIGTERM');
await new Promise((resolve) => { again.daemon.once('exit', resolve); });

title('An auditor checks the log with the key, and with the public key alone');
run('verify', '--key', key);
run('verify', '--pub', join(state, 'log.pub'));

title('One byte is changed');
const segment = join(state, 'log', readdirSync(join(state, 'log')).find((name) => /^\d{20}\.jsonl$/.test(name)));
const bytes = readFileSync(segment);
const at = bytes.indexOf('"kind":"command.exit"') + '"kind":"'.length;
bytes[at] ^= 0x20;
writeFileSync(segment, bytes);
console.log(`byte ${at} of ${hide(segment)}: "${String.fromCharCode(bytes[at] ^ 0x20)}" is now "${String.fromCharCode(bytes[at])}"`);
const { status } = run('verify', '--key', key);

rmSync(place, { recursive: true });
process.exitCode = status === 1 && sequence.size === 2000 ? 0 : 1;
