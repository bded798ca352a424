// A record as people are shown it: bounded, and harmless to a terminal, whatever somebody put into a log.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { showRecord } from '../../src/cli/show.js';
import { cell, columnsOf } from '../../src/event/cell.js';

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
    expect(show(record('"event":{"a":"\\u001b[2J"}'))).toContain('a="\\u001b[2J" (');
    expect(show(record('"event":{"a":"\u009b2J\u007f\u202e","b":"-"}'))).toContain('a="\\u009b2J\\u007f\\u202e" b="-" (');
    expect(show(record(`"event":{"a":"${'x'.repeat(100_000)}"}`)).length).toBeLessThan(600);
  });

  it('shows something of every field before all of any, and no kind twice', () => {
    const hex = 'ab'.repeat(32);
    const event = `"event":{"event":"request","ts_unix_ms":1,"request_id":"${hex.slice(32)}","agent_id":"${hex}","machine_id":"${hex}",` +
      '"argv":["/usr/bin/rsync","--archive","--delete","/srv/","backup:/srv/"],"matched_acl":null,"stdin_bytes":0,"timeout_ms":300000}';
    const line = `{"seq":1,"ts":"T","profile":"x0x.exec","kind":"request","source":{"listener":"l","pid":1,"uid":2},${event}}`;
    const cutId = `${hex.slice(0, 38)}…`;
    expect(show(line)).toBe(`T      1 x0x.exec request ts_unix_ms=1 request_id=${hex.slice(32)} agent_id=${cutId} machine_id=${cutId} ` +
      'argv=["/usr/bin/rsync","--archive","--delet"… stdin_bytes=0 timeout_ms=300000 (uid 2 pid 1 by l)');
    expect(show('{"seq":1,"ts":"T","profile":"codetether","kind":"auth","source":{"listener":"l","pid":1,"uid":2},"event":{"category":"auth","action":"login"}}'))
      .toBe('T      1 codetether auth action=login (uid 2 pid 1 by l)');
  });

  it('quotes what would look like another column, wherever a client may have chosen it', () => {
    expect(show('{"seq":1,"ts":"T","profile":"generic","kind":"k success a=b (uid 0 pid 1 by l)","source":{"listener":"l","pid":1,"uid":2},' +
      '"event":{"action":"…","outcome":"success x","a b=\\"":"c d=e","empty":"","like":"\\\\u001b","wide":"\u3164","n":"[redacted:jwt:00c0ffee]"}}'))
      .toBe('T      1 generic "k success a=b (uid 0 pid 1 by l)" "success x" "a b=\\""="c d=e" empty="" like="\\\\u001b" wide="\u3164" n=[redacted:jwt:00c0ffee] (uid 2 pid 1 by l)');
  });

  it('tells a text from the value that it spells, and leaves words bare', () => {
    const texts = ['5', '-1.5e3', 'true', 'null', '[]', '[1,2]', '{}'];
    for (const text of texts) expect([cell(text, 80), cell(JSON.parse(text), 80)]).toEqual([`"${text}"`, text === '-1.5e3' ? '-1500' : text]);
    expect(cell('5'.repeat(100), 80)).toBe(`"${'5'.repeat(79)}"…`);
    for (const word of ['a', '5m', '1.2.3', '2026-01-01', '-x', 'nullable', 'True', '[redacted:jwt:00c0ffee]', '007', '10.0.0.1', '{x}', '0x1f']) expect(cell(word, 80)).toBe(word);
    fc.assert(fc.property(fc.jsonValue(), (value) => {
      const shown = cell(value, 10_000);
      if (typeof value !== 'string') expect(cell(shown, 10_000)).not.toBe(shown);
    }), { seed: 1 });
  });

  it('shows that there are fields also where the name of the first is too long', () => {
    expect(showRecord(record(`"event":{"${'n'.repeat(48)}":1,"b":2}`), (_, text) => text, 80)).toBe('2026-01-01T00:00:00.000Z      1 generic k … (uid 2 pid 1 by l)');
  });

  it('cuts a name, and closes its quotes where it was cut, not within an escape', () => {
    const cutOf = (kind: string): string => show(`{"seq":1,"ts":"T","profile":"p","kind":${JSON.stringify(kind)},"source":{"listener":"self"},"event":{}}`);
    expect(cutOf('x'.repeat(200))).toBe(`T      1 p ${'x'.repeat(48)}… (the log itself)`);
    for (let before = 40; before < 50; before += 1) {
      const [, quoted = '', inside = ''] = /^T {6}1 p ("((?:[^"\\]|\\(?:["\\]|u[0-9a-f]{4}))*)")… \(the log itself\)$/.exec(cutOf(`${' '.repeat(before)}\\"\u001b\n${'x'.repeat(9)}`)) ?? [];
      expect([before, inside.length > 35 && quoted.length <= 50]).toEqual([before, true]);
    }
  });

  it.each([80, 120, 200])('keeps within a terminal of %i columns, or shows too little for a line that looks like a record', (columns) => {
    const forged = '2026-01-01T00:00:00.000Z      2 generic deploy success (uid 0 pid 1 by l)';
    const wide = record(`"event":{"a":"${'字'.repeat(90)}","b":["${' '.repeat(30)}${forged}"],"c":"${forged}${forged}"}`);
    const shown = showRecord(wide, (_, text) => text, columns);
    const around = '2026-01-01T00:00:00.000Z      1 generic k ';
    expect(columnsOf(shown)).toBeLessThanOrEqual(Math.max(columns, around.length + 40 + 24));
    expect(shown).not.toContain(forged);
    expect(shown.startsWith(`${around}a="字字`) && shown.endsWith('… (uid 2 pid 1 by l)')).toBe(true);
  });

  it('never shows a text of a client beside the columns as a plain word with a blank, whatever it is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 80 }), fc.integer({ min: 1, max: 90 }), (text, columns) => {
      expect(cell(text, columns)).toMatch(/^(?:[!#-&*-<>-[\]-~]+…?|"(?:[^"\\]|\\(?:.|u\{[0-9a-f]+\}))*"…?)$/u);
    }), { seed: 1 });
  });
});
