// The profile `tryaudex`: sessions with cloud credentials. An envelope says when, which session and which cloud; the event
// proper lies inside.
import { orElse, orNull, orOmitted, required } from './field.js';
import { moment } from './moment.js';
import { f64, i32, i64, u64 } from './number.js';
import { Shape } from './shape.js';
import type { Stream } from './stream.js';
import { listOf, text } from './type.js';
import { Variants } from './variants.js';

const event = new Variants('type', {}, {
  session_created: {
    role_arn: required(text), ttl_seconds: required(u64), budget: orNull(f64), allowed_actions: required(listOf(text)),
    command: required(listOf(text)), agent_id: orOmitted(text),
  },
  credentials_issued: { access_key_id: required(text), expires_at: required(moment) },
  session_ended: { status: required(text), duration_seconds: required(i64), exit_code: orNull(i32) },
  budget_warning: { current_spend: required(f64), limit: required(f64) },
  budget_exceeded: { final_spend: required(f64), limit: required(f64) },
  resource_created: { service: required(text), resource_type: required(text), identifier: required(text) },
});

const type = new Shape({
  timestamp: required(moment),
  session_id: required(text),
  // Also gcp and azure, and open: its source has no list.
  provider: orElse(text, 'aws'),
  event: required(event),
});

export const tryaudex = { name: 'tryaudex', type, kindAt: ['event', 'type'], kinds: [...event.shapes.keys()] } as const satisfies Stream;
