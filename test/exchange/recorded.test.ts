// Which earlier imports count: those that came through the same door from the same user, in lines that are in the chain.
import { describe, expect, it } from 'vitest';
import { ImportIds, formatImportId } from '../../src/exchange/import-id.js';
import { readRecorded } from '../../src/exchange/recorded.js';
import { segmentName } from '../../src/log/segment.js';
import { LogMaker } from '../verify/make-log.js';

const importer = { listener: 'default', uid: 1000 };

function body(id: string, listener: string, uid: number, detail = ''): Buffer {
  const source = JSON.stringify({ listener, pid: 1, uid, gid: 1 });
  return Buffer.from(`"profile":"generic","kind":"a","id":"${id}","source":${source},"event":{"action":"a","detail":"${detail}"}`);
}

function digests(count: number): Buffer[] {
  const ids = new ImportIds('generic');
  return Array.from({ length: count }, (_, n) => ids.next({ bytes: Buffer.from(String(n)), event: {}, kind: undefined }));
}

describe('readRecorded', () => {
  const [mine, others, door, nested, broken] = digests(5).map((digest) => ({ digest, id: formatImportId(digest) }));

  function log(): LogMaker {
    const maker = new LogMaker();
    maker.genesis();
    maker.commit([body(mine?.id ?? '', 'default', 1000)]);
    maker.commit([body(others?.id ?? '', 'default', 1001), body(door?.id ?? '', 'guest', 1000)]);
    maker.commit([body('client', 'default', 1000, `\\"id\\":\\"${nested?.id ?? ''}`)]);
    maker.commit([body(broken?.id ?? '', 'default', 1000)]);
    return maker;
  }

  it('counts the importer\'s own and nobody else\'s, so that nobody can make an import leave a line out', () => {
    const maker = log();
    const found = readRecorded(maker.disk(), '/', maker.origin, importer);
    if (found.kind !== 'read') throw new Error(found.kind);
    const counts = [mine, others, door, nested, broken].map((one) => found.ids.count(one?.digest ?? Buffer.alloc(16)));
    expect(counts).toEqual([1, 0, 0, 0, 1]);
  });

  it('does not count a line that does not follow the one before it', () => {
    const maker = log();
    const disk = maker.disk();
    const path = `/log/${segmentName(1)}`;
    const lines = disk.file(path).toString('latin1').split('\n');
    disk.nodes.set(path, Buffer.from(lines.toSpliced(-3, 1).join('\n'), 'latin1'));
    const found = readRecorded(disk, '/', maker.origin, importer);
    if (found.kind !== 'read') throw new Error(found.kind);
    expect(found.ids.count(mine?.digest ?? Buffer.alloc(16))).toBe(1);
    expect(found.ids.count(broken?.digest ?? Buffer.alloc(16))).toBe(0);
  });

  it('does not take the ids of another log', () => {
    expect(readRecorded(log().disk(), '/', 'example.org/other', importer)).toEqual({ kind: 'another_log', origin: 'example.org/test' });
  });
});
