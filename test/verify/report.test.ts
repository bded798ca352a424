// The report's description: every code that can be given is in it, as the code has it.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findingTable } from '../../src/verify/finding.js';

const text = readFileSync(new URL('../../src/verify/REPORT.md', import.meta.url), 'utf8');

it('names every finding with its weight, meaning and advice', () => {
  const rows = Object.entries(findingTable).map(([code, { weight, means, todo }]) => `| \`${code}\` | ${weight} | ${means} | ${todo} |`);
  const table = ['| code | weight | means | what to do |', '| --- | --- | --- | --- |', ...rows].join('\n');
  expect(/<!-- findings -->\n([\s\S]*?)\n<!-- \/findings -->/.exec(text)?.[1]).toBe(table);
});
