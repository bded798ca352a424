import { describe, expect, test } from 'vitest';
import type { JsonMap } from '../../src/event/json.js';
import { admit, eventOf, exact, recorded } from './admit.js';
import { known } from './known.js';

describe.each(known)('$profile $kind', ({ profile, kind, sent, recorded: text }) => {
  test(sent.slice(0, 120), () => {
    expect(recorded(admit(profile, eventOf(sent)))).toEqual({ kind, text });
  });

  test('is recorded as the same text when it comes as maps', () => {
    expect(recorded(admit(profile, exact(eventOf(sent)) as JsonMap))).toEqual({ kind, text });
  });

  test('is complete: what is recorded is admitted as it is', () => {
    const event = eventOf(text);
    const again = admit(profile, event);
    expect(recorded(again)).toEqual({ kind, text });
    expect(again.ok && again.event).toBe(event);
  });

  test('what was sent is never changed', () => {
    const event = eventOf(sent);
    admit(profile, event);
    expect(event).toEqual(eventOf(sent));
  });
});

test('there are 56 shapes in the five streams, and each is here', () => {
  const kinds = (profile: string): number => new Set(known.filter((one) => one.profile === profile).map(({ kind }) => kind)).size;
  expect([kinds('mvm.local'), kinds('mvm.tenant'), kinds('codetether'), kinds('x0x.exec'), kinds('tryaudex')]).toEqual([16, 28, 9, 5, 6]);
  // The nine categories of codetether share one shape.
  expect(16 + 28 + 1 + 5 + 6).toBe(56);
});
