// Programs that the benchmark starts, each in a process of its own, and what they say at their end.
import { spawn, spawnSync } from 'node:child_process';

/** Runs a program of this folder with one JSON argument, and reads the JSON line that it prints. */
export function runProgram<Result>(name: string, order: object): Promise<Result> {
  const child = spawn(process.execPath, [new URL(`./${name}.js`, import.meta.url).pathname, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as Result);
      else reject(new Error(`${name} ended with ${code ?? 'a signal'}: ${output}`));
    });
  });
}

/** Whether a command is installed. */
export function isInstalled(command: string): boolean {
  return spawnSync('sh', ['-c', `command -v ${command}`]).status === 0;
}

/** Until something is so, looked at every few milliseconds. @throws Error when it is not so in time */
export async function until(what: string, isSo: () => boolean, withinMs = 30_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`waited ${withinMs} ms in vain: ${what}`);
    await new Promise((resolve) => { setTimeout(resolve, 5); });
  }
}
