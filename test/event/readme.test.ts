import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;

test('the tables in README.md are those of the shapes (else: npm run build && node scripts/catalogue.js --write)', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [`${root}scripts/catalogue.js`], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [, between] = /<!-- catalogue -->\n([\s\S]*)<!-- \/catalogue -->/.exec(readFileSync(`${root}README.md`, 'utf8')) ?? [];
  expect(between).toBe(stdout);
});
