// When a pause is a silence, and what explains one.
import { expect, it } from 'vitest';
import type { Silence } from '../../src/verify/silence.js';
import { SilenceWatch } from '../../src/verify/silence.js';

const heartbeatMs = 1000;
const pause = 'pause';

/** Shows a watch records a millisecond apart, of these kinds (`''`: a client's); at `pause` the clock goes on by a minute. */
function silences(...kinds: readonly string[]): readonly number[] {
  const watch = new SilenceWatch();
  const found: (Silence | undefined)[] = [];
  let seq = 0;
  let ms = 0;
  for (const kind of ['genesis', 'started', '', '', ...kinds]) {
    if (kind === pause) {
      ms += 60_000;
      continue;
    }
    seq += 1;
    ms += 1;
    found.push(watch.see(seq, ms, kind === '' ? undefined : kind, kind === 'started' ? heartbeatMs : undefined));
  }
  found.push(watch.finish());
  return found.flatMap((silence) => (silence === undefined ? [] : [silence.afterSeq]));
}

it('a pause longer than twice the heartbeat is a silence', () => {
  expect(silences(pause, '')).toEqual([4]);
  expect(silences('', pause, 'seal', '', '')).toEqual([5]);
  expect(silences(pause, '', pause, '')).toEqual([4, 5]);
});

it.each([
  ['a start behind it', [pause, 'started']], ['a recovery behind it', [pause, 'recovered', 'started']],
  ['a start behind a rotation that was due', [pause, 'seal', 'segment', 'recovered', 'started']],
  ['a clean stop before it', ['stopped', 'seal', pause, 'started']],
  ['a clean stop before it, and a header behind it', ['stopped', 'seal', pause, 'segment', 'started']],
  ['a step of the clock at it', [pause, 'clock_stepped', '']], ['a step of the clock just before it', ['clock_stepped', pause, '']],
  ['a step of the clock that was noted a few records later', [pause, '', '', '', 'clock_stepped']],
])('%s explains it', (_, kinds) => {
  expect(silences(...kinds)).toEqual([]);
});

it.each([
  ['a clean stop some records later', [pause, '', '', 'stopped', 'seal']],
  ['a crash and a start some records later', [pause, '', 'recovered', 'started']],
  ['a stop long before it', ['stopped', 'seal', 'segment', 'started', '', '', pause, '']],
  ['a step of the clock long after it', [pause, ...Array.from({ length: 20 }, () => ''), 'clock_stepped']],
])('%s does not', (_, kinds) => {
  expect(silences(...kinds)).toHaveLength(1);
});
