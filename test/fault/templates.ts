// State directories as a crash left them, for starts that are to be disturbed while they mend them.
import { appendFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Bench, copyState } from './bench.js';
import type { Rule } from './board.js';
import type { Ledger } from '../ledger.js';
import type { Mode, Phase } from './phases.js';
import { envOf, phases } from './phases.js';

export interface Template {
  readonly name: string;
  /** What a start on it is: an ordinary one, or one that has something to mend. */
  readonly start: 'start' | 'recovery';
  readonly mode: Mode;
  /** Where its copy lies; whoever made it takes it away. */
  readonly path: string;
  readonly ledger: Ledger;
}

export interface Templates {
  readonly directory: string;
  readonly templates: readonly Template[];
}

interface Recipe {
  readonly name: string;
  readonly phase: string;
  readonly mode: Mode;
  /** Where the daemon is killed; it is stopped when absent. */
  readonly rule?: Pick<Rule, 'classes' | 'at' | 'mode' | 'part'>;
  /** Bytes that the crash left behind the last whole line. */
  readonly tail?: Buffer;
}

const line: Mode = { sync: 'line', headSync: 'second' };
const group: Mode = { sync: 'group', headSync: 'always' };
const behindTheHead = { classes: ['sync'], part: '.jsonl', at: 2, mode: 'killAfter' } as const;

const recipes: readonly Recipe[] = [
  { name: 'a clean stop', phase: 'append', mode: line },
  { name: 'a line behind the head', phase: 'append', mode: line, rule: behindTheHead },
  { name: 'half a line', phase: 'append', mode: line, rule: behindTheHead, tail: Buffer.from('{"seq":9,"ts":"20') },
  { name: 'a sector of zeros', phase: 'append', mode: group, rule: { ...behindTheHead, at: 1 }, tail: Buffer.alloc(1024) },
  { name: 'a seal ahead of its keys', phase: 'seal', mode: line, rule: { classes: ['sync'], part: 'log/head', at: 1, mode: 'killAfter' } },
  { name: 'a seal without its checkpoint', phase: 'seal', mode: group, rule: { classes: ['rename'], part: 'checkpoint', at: 1, mode: 'killBefore' } },
  { name: 'an empty segment', phase: 'rotation', mode: line, rule: { classes: ['open'], part: '.jsonl', at: 1, mode: 'killAfter' } },
  { name: 'a removal that nothing tells of', phase: 'retention', mode: group, rule: { classes: ['sync'], part: 'retired', at: 1, mode: 'killAfter' } },
  { name: 'a removal without its end', phase: 'retention', mode: line, rule: { classes: ['unlink'], part: 'log/0', at: 1, mode: 'killBefore' } },
  { name: 'a stop without its end', phase: 'stop', mode: group, rule: { classes: ['grow'], part: '.jsonl', at: 3, mode: 'killAfter' } },
];

/** Makes them, or those of these names, in one new directory. */
export async function makeTemplates(shim: string, names?: readonly string[]): Promise<Templates> {
  const directory = mkdtempSync(join(tmpdir(), 'ind-templates-'));
  try {
    const templates: Template[] = [];
    const wanted = recipes.filter(({ name }) => names?.includes(name) ?? true);
    for (const recipe of wanted) templates.push(await make(shim, recipe, join(directory, String(templates.length))));
    return { directory, templates };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

async function make(shim: string, { name, phase: phaseName, mode, rule, tail }: Recipe, path: string): Promise<Template> {
  const phase: Phase | undefined = phases.find((one) => one.name === phaseName);
  if (phase === undefined) throw new Error(`there is no phase ${phaseName}`);
  const bench = new Bench(shim, { ...envOf(mode), ...phase.env });
  try {
    await bench.start();
    await bench.mustServe();
    if (rule === undefined) {
      bench.take(await phase.act(bench));
      if ((await bench.end('SIGTERM'))?.code !== 0) throw new Error(`"${name}" was not made`);
    } else {
      bench.board.arm({ ...rule, times: 1 });
      // A rotation may need the phase twice to come to its point; no more than that.
      for (let round = 0; round < 2 && bench.board.first === undefined; round += 1) bench.take(await phase.act(bench));
      if ((await bench.ended()).signal !== 'SIGKILL') throw new Error(`"${name}" was not made`);
    }
    if (tail !== undefined) appendFileSync(join(bench.state, 'log', newestSegment(bench.state)), tail);
    copyState(bench.state, path);
    return { name, start: rule === undefined ? 'start' : 'recovery', mode, path, ledger: bench.ledger };
  } finally {
    await bench.clear();
  }
}

function newestSegment(state: string): string {
  const newest = readdirSync(join(state, 'log')).filter((name) => /^\d{20}\.jsonl$/.test(name)).sort().at(-1);
  if (newest === undefined) throw new Error('the log has no segment');
  return newest;
}
