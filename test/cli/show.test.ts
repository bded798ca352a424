// A record as people are shown it: bounded, and harmless to a terminal, whatever somebody put into a log.
import { describe, expect, it } from 'vitest';
import { showRecord } from '../../src/cli/show.js';

const show = (line: string): string => showRecord(line, (_, text) => text);
const record = (fields: string): string => `{"seq":1,"ts":"2026-01-01T00:00:00.000Z","profile":"generic","kind":"k","source":{"listener":"l","pid":1,"uid":2},${fields}}`;
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);

describe('showRecord', () => {
  it('shows what an event says, as deep as an event may be', () => {
    expect(show(record(`"event":{"action":"k","d":${nested(31)}}`))).toBe(`2026-01-01T00:00:00.000Z      1 generic k d=${nested(31)} (uid 2 pid 1 by l)`);
  });

  it.each([5000, 100_000])('leaves out what is nested %i levels deep, wherever it stands', (levels) => {
    expect(show(record(`"event":{"d":${nested(levels)},"e":1}`))).toBe('2026-01-01T00:00:00.000Z      1 generic k d=… e=1 (uid 2 pid 1 by l)');
    expect(show(`{"seq":${nested(levels)},"event":{}}`)).toContain(' … ');
    // Digits beyond 2^53 are read in another way.
    expect(show(record(`"event":{"d":${nested(levels)},"e":18446744073709551615}`)).length).toBeLessThan(600);
  });

  it('escapes what a terminal would obey, and cuts what is long', () => {
    expect(show(record('"event":{"a":"\\u001b[2J"}'))).toContain('a=\\u001b[2J');
    expect(show(record(`"event":{"a":"${'x'.repeat(100_000)}"}`)).length).toBeLessThan(600);
  });
});
