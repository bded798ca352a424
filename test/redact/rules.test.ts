// The table tests itself: every rule takes its example, the secret in it and nothing more, and leaves its counter-example.
import { describe, expect, test } from 'vitest';
import { findByRule, findSecrets } from '../../src/redact/detect.js';
import { exampleOf } from '../../src/redact/rule.js';
import { hints, rules, textRules } from '../../src/redact/rules.js';

describe('the table', () => {
  test('has at least 45 rules, each with a name of its own that a mask can hold', () => {
    expect(rules.length).toBeGreaterThanOrEqual(45);
    for (const { name } of rules) expect(name).toMatch(/^[a-z][a-z0-9-]{1,40}$/);
    const byLooks = textRules.map(({ name }) => name);
    expect(new Set(byLooks).size).toBe(byLooks.length);
  });

  test.each(rules)('$name takes the secret of its example, whole and alone', (rule) => {
    const { text, secret, at } = exampleOf(rule.example);
    expect(secret).not.toBe('');
    const own = findSecrets(text).filter((span) => span.rule === rule.name);
    expect(own.map(({ start, end }) => [start, text.slice(start, end)])).toEqual([[at, secret]]);
  });

  test.each(rules)('$name leaves its counter-example', (rule) => {
    expect(findSecrets(rule.counterExample)).toEqual([]);
  });

  test.each(textRules)('$name is hinted at by its example in any place, and by nothing shorter', (rule) => {
    const { text } = exampleOf(rule.example);
    for (let shift = 0; shift < 4; shift++) expect(hints.all(`${' '.repeat(shift)}${text}`).has(rule)).toBe(true);
    expect(text.length).toBeGreaterThanOrEqual(rule.least);
  });

  test.each(textRules.filter(({ least }) => least > 0))('$name takes no token with a character less or a letter before it', (rule) => {
    const { secret } = exampleOf(rule.example);
    expect(findByRule(secret.slice(0, -1), rule)).toEqual([]);
    expect(findByRule(secret, rule)).toHaveLength(1);
    for (const before of [' ', '"', '=', ':', '/', '(', '\\n', '%3D', '\\u0026']) {
      expect([before, findByRule(`${before}${secret}`, rule).map(({ start }) => start)]).toEqual([before, [before.length]]);
    }
    if (/^[A-Za-z]{3}/.test(secret) && !rule.name.startsWith('azure-')) expect(findByRule(`x${secret}`, rule)).toEqual([]);
  });
});
