// Events cut out of their records as they stand there.
import { describe, expect, it } from 'vitest';
import { sourceLine } from '../../src/exchange/export.js';
import { LineSigner } from '../../src/exchange/signature.js';

const event = '{"id":"x","detail":{"2":18446744073709551615,"1":-0.5,"event":"no"}}';
const record = (behind: string): Buffer => Buffer.from(`{"seq":1,"source":{"event":0},"event":${event}${behind},"prev":"","mac":""}`);

describe('sourceLine', () => {
  it('is the event, byte for byte', () => {
    expect(sourceLine(record(''), undefined)).toEqual({ bytes: Buffer.from(event), masked: false });
  });

  it('says when something in it was masked', () => {
    expect(sourceLine(record(',"redacted":["/detail/1:aws"]'), undefined)).toMatchObject({ masked: true });
  });

  it('has a signature behind it where its source has', () => {
    const key = Buffer.from('key');
    const signed = sourceLine(record(''), new LineSigner(key))?.bytes.toString();
    expect(signed).toBe(event + new LineSigner(key).suffix(Buffer.from(event)).toString());
  });

  it('is nothing for a record without an event', () => {
    expect(sourceLine(Buffer.from('{"seq":1}'), undefined)).toBeUndefined();
  });
});
