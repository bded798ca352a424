// Room: for how long the log can go on growing.
import { join } from 'node:path';
import { lineBytesMax } from '../log/record.js';
import { parseSegmentName } from '../log/segment.js';
import { parseTimestamp } from '../clock/clock.js';
import { bytesText, spanText } from './amount.js';
import type { Verdict } from './check.js';
import { fail, ok, quoted, skip, warn } from './check.js';
import type { Host } from './host.js';
import type { Subject } from './subject.js';
import { settingsSource, unlessForbidden } from './subject.js';

/** The growth is measured over so many of the newest segments. */
const segmentsMeasured = 16;
/** A shorter time says nothing about the next days, ms. */
const measuredMsMin = 10 * 60_000;
const dayMs = 86_400_000;
/** Less than this to go is worth a word now, ms. */
const timeLeftMs = 7 * dayMs;
/** A log needs a few files a day; other programs take the rest. */
const inodesFew = 1000;
const inodesNone = 10;
/** `{"seq":` and 16 digits, then the time: all within this. */
const beginningBytes = 64;

export async function checkFreeSpace(subject: Subject): Promise<Verdict> {
  const { host, places, settings } = subject;
  const space = await host.space(places.state);
  if (space === undefined) return skip(`there is no ${places.state} to ask about`);
  const { freeBytes } = space;
  const low = settings.diskLowBytes;
  const rate = await growth(subject);
  const found = `${bytesText(freeBytes)} are free, ${freeBytes < low ? 'less' : 'more'} than INDELIBLE_DISK_LOW_BYTES ` +
    `(${bytesText(low)}, ${settingsSource(settings)}); ` +
    (rate === undefined ? 'how fast the log grows is not to be told' : `the log grows by ${bytesText(rate * dayMs)} a day`);
  const see = ['make room, or move the log to a larger disk', `du -xsh ${quoted(places.state)}`] as const;
  // Less than the largest line: nothing is sure to fit.
  if (freeBytes < lineBytesMax) return fail(`${found}; an event may not fit any more`, ...see);
  if (freeBytes < low) return warn(found, ...see);
  const leftMs = rate === undefined || rate <= 0 ? Number.POSITIVE_INFINITY : (freeBytes - low) / rate;
  if (leftMs < timeLeftMs) return warn(`${found}, and leaves less than that in ${spanText(leftMs)}`, ...see);
  return ok(found);
}

/** Bytes a millisecond over the newest segments; undefined where it is too early to tell, or this user may not look. */
async function growth({ host, places }: Subject): Promise<number | undefined> {
  const all = await unlessForbidden(host.list(places.log)) ?? [];
  const names = all.filter((name) => parseSegmentName(name) !== undefined).slice(-segmentsMeasured);
  const [oldest] = names;
  if (oldest === undefined) return undefined;
  const since = await beginningOf(host, join(places.log, oldest));
  const span = since === undefined ? 0 : host.now() - since;
  if (span < measuredMsMin) return undefined;
  let bytes = 0;
  for (const name of names) bytes += (await host.stat(join(places.log, name)))?.bytes ?? 0;
  return bytes / span;
}

/** When a segment's first record was made, ms. */
async function beginningOf(host: Host, path: string): Promise<number | undefined> {
  const text = (await host.readSpan(path, 0, beginningBytes))?.toString('latin1') ?? '';
  return parseTimestamp(/^\{"seq":\d{1,16},"ts":"([^"]{24})"/.exec(text)?.[1] ?? '');
}

export async function checkInodes({ host, places }: Subject): Promise<Verdict> {
  const space = await host.space(places.state);
  if (space === undefined) return skip(`there is no ${places.state} to ask about`);
  const { freeInodes, inodes } = space;
  if (inodes === 0) return skip('this filesystem does not count inodes, so none can be missing');
  const found = `${freeInodes} of ${inodes} inodes are free`;
  const see = ['remove files that nobody needs; a new segment, checkpoint or socket needs one', `df -i ${quoted(places.state)}`] as const;
  if (freeInodes < inodesNone) return fail(found, ...see);
  return freeInodes < inodesFew ? warn(found, ...see) : ok(found);
}
