// The profile `generic`, for whoever has no audit format yet: what was done, by whom, to what, and how it ended. No value
// is changed, and what was not said is not filled in.
import { orAsSent, required } from './field.js';
import { u64 } from './number.js';
import { Shape } from './shape.js';
import type { Stream } from './stream.js';
import { anything, filledText, oneOf, text } from './type.js';

const type = new Shape({
  action: required(filledText),
  outcome: orAsSent(oneOf(['success', 'failure', 'denied'])),
  actor: orAsSent(text),
  resource: orAsSent(text),
  session_id: orAsSent(text),
  detail: orAsSent(anything),
  // Milliseconds.
  duration_ms: orAsSent(u64),
});

export const generic = { name: 'generic', type, kindAt: ['action'], kinds: undefined } as const satisfies Stream;
