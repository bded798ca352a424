// The profile `mvm.local`: what happens to the microVMs of one host, as mvm-core 0.11 writes it (`LocalAuditEvent`).
import { orNull, required } from './field.js';
import { moment } from './moment.js';
import { Shape } from './shape.js';
import type { Stream } from './stream.js';
import { oneOf, text } from './type.js';

const kinds = [
  'vm_start', 'vm_stop', 'key_lookup', 'volume_create', 'volume_open', 'update_install', 'uninstall', 'network_create',
  'network_remove', 'image_fetch', 'template_build', 'template_push', 'template_pull', 'config_change',
  'console_session_start', 'console_session_end',
] as const;

const type = new Shape({
  timestamp: required(moment),
  kind: required(oneOf(kinds)),
  vm_name: orNull(text),
  detail: orNull(text),
});

export const mvmLocal = { name: 'mvm.local', type, kindAt: ['kind'], kinds } as const satisfies Stream;
