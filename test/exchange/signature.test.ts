// tryaudex's signatures: known answers by Node's own HMAC, and what each damage to a file is called.
import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { SignatureVerdict } from '../../src/exchange/signature.js';
import { LineSigner, SignatureCheck, parseHmacKey, readSuffix } from '../../src/exchange/signature.js';

const key = Buffer.from('00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff', 'hex');

function sign(lines: readonly string[]): string[] {
  let previous = 'genesis';
  return lines.map((line) => {
    previous = createHmac('sha256', key).update(previous + line).digest('hex');
    return `${line}\t#HMAC:${previous}`;
  });
}

function verdicts(lines: readonly string[], with_ = key): SignatureVerdict[] {
  const check = new SignatureCheck(with_);
  return lines.map((line) => {
    const bytes = Buffer.from(line);
    const end = line.includes('\t') ? line.indexOf('\t') : bytes.length;
    return check.check(bytes.subarray(0, end), readSuffix(bytes, end));
  });
}

const texts = ['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}'];

describe('SignatureCheck', () => {
  it('takes a chain from genesis on, old unsigned lines before it', () => {
    expect(verdicts(['{"old":1}', ...sign(texts)])).toEqual(['unsigned', 'valid', 'valid', 'valid', 'valid']);
  });

  it('finds one changed line as one', () => {
    expect(verdicts(sign(texts).with(1, (sign(texts)[1] ?? '').replace('2', '7')))).toEqual(['valid', 'wrong', 'valid', 'valid']);
  });

  it('finds a line that was taken out, one without its signature, and a cut one', () => {
    expect(verdicts(sign(texts).toSpliced(1, 1))).toEqual(['valid', 'wrong', 'valid']);
    expect(verdicts(sign(texts).with(1, texts[1] ?? ''))).toEqual(['valid', 'stripped', 'wrong', 'valid']);
    expect(verdicts(sign(texts).with(1, (sign(texts)[1] ?? '').slice(0, -1)))).toEqual(['valid', 'wrong', 'wrong', 'valid']);
  });

  it('tells a fork, which two writers make, from a change', () => {
    const [one = '', two = ''] = sign(texts);
    const [, other = ''] = sign(['{"n":1}', '{"other":1}']);
    expect(verdicts([one, two, other])).toEqual(['valid', 'valid', 'forked']);
  });

  it('takes nothing under another key', () => {
    expect(new Set(verdicts(sign(texts), Buffer.from('another')))).toEqual(new Set(['wrong']));
  });
});

describe('LineSigner', () => {
  it('writes what is checked', () => {
    const signer = new LineSigner(key);
    expect(texts.map((text) => text + signer.suffix(Buffer.from(text)).toString())).toEqual(sign(texts));
  });
});

describe('parseHmacKey', () => {
  it('takes 64 hex digits as 32 bytes and everything else as it is', () => {
    expect(parseHmacKey(Buffer.from(`${key.toString('hex')}\n`))).toEqual(key);
    for (const bytes of [key, Buffer.from('abcd'), Buffer.from('secret\n')]) expect(parseHmacKey(bytes)).toEqual(bytes);
  });
});
