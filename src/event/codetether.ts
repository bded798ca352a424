// The profile `codetether`: an agent server's actions (`AuditEntry`). The four ids at its end came in later versions.
import { orAssigned, orNull, orOmitted, required } from './field.js';
import { moment } from './moment.js';
import { u64 } from './number.js';
import { Shape } from './shape.js';
import type { Stream } from './stream.js';
import { anything, oneOf, text } from './type.js';

const kinds = ['api', 'tool_execution', 'session', 'cognition', 'swarm', 'auth', 'k8s', 'sandbox', 'config'] as const;

const type = new Shape({
  // Its own are UUIDs. Another text is no reason to lose the event.
  id: orAssigned(text, 'a new UUID', (mint) => mint.uuid()),
  timestamp: orAssigned(moment, 'now', (mint) => mint.now()),
  category: required(oneOf(kinds)),
  action: required(text),
  principal: orNull(text),
  outcome: required(oneOf(['success', 'failure', 'denied'])),
  detail: orOmitted(anything),
  duration_ms: orOmitted(u64),
  okr_id: orOmitted(text),
  okr_run_id: orOmitted(text),
  relay_id: orOmitted(text),
  session_id: orOmitted(text),
});

export const codetether = { name: 'codetether', type, kindAt: ['category'], kinds } as const satisfies Stream;
