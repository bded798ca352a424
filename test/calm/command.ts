/** `indelible verify` as an auditor calls it: a process of its own, with files for what was kept elsewhere. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../src/verify/report.js';
import { program } from '../daemon.js';
import type { Given } from './bench.js';

export interface CommandOptions {
  readonly state: string;
  readonly keyFile: string;
  readonly elsewhere: string;
  readonly given: Given;
}

/** The report; or, in words, why there is none or its exit status is another. */
export async function verifyByCommand({ state, keyFile, elsewhere, given }: CommandOptions): Promise<Report | string> {
  const files = mkdtempSync(join(elsewhere, 'given-'));
  try {
    const receipts = join(files, 'receipts');
    writeFileSync(receipts, given.receipts.map((receipt) => `${JSON.stringify(receipt)}\n`).join(''));
    const words = ['verify', '--state-dir', state, '--key', keyFile, '--receipts', receipts, '--json'];
    if (given.checkpoint !== undefined) {
      const checkpoint = join(files, 'checkpoint');
      writeFileSync(checkpoint, given.checkpoint);
      words.push('--checkpoint', checkpoint);
    }
    const { code, out, err } = await run(words);
    let report: Report;
    try {
      report = JSON.parse(out) as Report;
    } catch {
      return `exit ${code ?? 'by a signal'} and no report: ${err.slice(-600)}`;
    }
    return code === report.exit ? report : `exit ${code ?? 'by a signal'}, and the report says ${report.exit}`;
  } finally {
    rmSync(files, { recursive: true, force: true });
  }
}

function run(words: readonly string[]): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { out: '', err: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => { said.out += text; });
    child.stderr.setEncoding('utf8').on('data', (text: string) => { said.err += text; });
    child.once('error', reject);
    child.once('close', (code) => { resolve({ code, ...said }); });
  });
}
