// Rows that no spreadsheet runs and no parser misreads.
import { describe, expect, it } from 'vitest';
import { csvCell, csvHeader, csvRow } from '../../src/query/csv.js';

function row(record: object): string {
  return csvRow(Buffer.from(JSON.stringify(record)));
}

describe('csvCell', () => {
  it.each([
    ['', ''], ['plain', 'plain'], ['a,b', '"a,b"'], ['say "hi"', '"say ""hi"""'], ['two\nlines', '"two\nlines"'], ['=1+1', '\'=1+1'],
    ['+1', '\'+1'], ['-1', '\'-1'], ['@SUM(A1)', '\'@SUM(A1)'], ['=HYPERLINK("x","y")', '"\'=HYPERLINK(""x"",""y"")"'], ['\t=1', '\'\t=1'],
  ])('%j is %j', (text, cell) => { expect(csvCell(text)).toBe(cell); });
});

describe('csvRow', () => {
  it('has the header\'s columns, with the event as its own text', () => {
    expect(csvHeader()).toBe('seq,ts,profile,kind,listener,pid,uid,gid,outcome,id,event\r');
    const line = '{"seq":7,"ts":"2026-01-01T00:00:00.000Z","profile":"generic","kind":"=cmd","id":"a,b","source":{"listener":"default","pid":1,"uid":2,"gid":3},' +
      '"event":{"action":"=cmd","outcome":"denied","detail":{"2":18446744073709551615,"1":0}}}';
    expect(csvRow(Buffer.from(line))).toBe('7,2026-01-01T00:00:00.000Z,generic,\'=cmd,default,1,2,3,denied,"a,b",' +
      '"{""action"":""=cmd"",""outcome"":""denied"",""detail"":{""2"":18446744073709551615,""1"":0}}"\r');
  });

  it('leaves empty what the record lacks', () => {
    expect(row({ seq: 1, ts: 't', profile: 'indelible', kind: 'genesis', source: { listener: 'self', pid: 4 }, event: {} })).toBe('1,t,indelible,genesis,self,4,,,,,{}\r');
  });

  it('moves no cursor and hides nothing; the event stays JSON', () => {
    const text = row({ seq: 1, kind: '\u001b[2J', event: { action: '\u202e\u009b2J\u{e0041}' } });
    expect(text.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u0080-\u009f\u202e]|\u{e0041}/u);
    const cell = /"(\{.*\})"\r$/.exec(text)?.[1]?.replaceAll('""', '"');
    expect(JSON.parse(cell ?? '')).toEqual({ action: '\u202e\u009b2J\u{e0041}' });
  });
});
