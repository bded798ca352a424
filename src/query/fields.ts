// What each filter reads, profile by profile: the answer to "why does this record not match". Invariant: one list for the
// help text and for the documents, and a test that holds it against the filter itself.
import type { FilterName } from '../wire/message.js';

/** Where a filter looks: the record's own member, or a field of the event in the profiles named. */
export interface FilterField {
  readonly name: FilterName;
  /** A member of the record that every profile has. */
  readonly record?: string;
  /** By profile, the path in its event. */
  readonly event?: Readonly<Record<string, string>>;
  /** What else is to be known. */
  readonly note?: string;
}

export const filterFields: readonly FilterField[] = [
  { name: 'profile', record: 'profile' },
  {
    name: 'kind', record: 'kind',
    event: { generic: 'action', 'mvm.local': 'kind', 'mvm.tenant': 'action', codetether: 'category', 'x0x.exec': 'event', tryaudex: 'event.type' },
    note: 'not the event\'s own `kind` where that is another thing (x0x.exec `warning`)',
  },
  { name: 'category', event: { codetether: 'category' }, note: 'not the categories of mvm.tenant\'s threats' },
  { name: 'outcome', event: { generic: 'outcome', codetether: 'outcome' } },
  { name: 'session_id', event: { generic: 'session_id', codetether: 'session_id', tryaudex: 'session_id' } },
  { name: 'provider', event: { tryaudex: 'provider' } },
  { name: 'tenant_id', event: { 'mvm.tenant': 'tenant_id' } },
  { name: 'instance_id', event: { 'mvm.tenant': 'instance_id' } },
  { name: 'vm_name', event: { 'mvm.local': 'vm_name' } },
  { name: 'agent_id', event: { 'x0x.exec': 'agent_id', tryaudex: 'event.agent_id' }, note: 'x0x.exec has it in `request` and `denial`, tryaudex in `session_created`' },
  { name: 'request_id', event: { 'x0x.exec': 'request_id' } },
  { name: 'principal', event: { codetether: 'principal' } },
  { name: 'since', record: 'ts', note: 'the daemon\'s time, not the event\'s own; inclusive' },
  { name: 'until', record: 'ts', note: 'the daemon\'s time, not the event\'s own; exclusive' },
];

/** The list as text for a terminal. */
export function filterHelp(): string {
  const lines = filterFields.map(({ name, record, event, note }) => {
    const places = Object.entries(event ?? {}).map(([profile, path]) => `${profile} ${path}`).join(', ');
    const where = record === undefined ? places : `the record's ${record}${places === '' ? '' : `: ${places}`}`;
    const more = note === undefined ? '' : `\n${' '.repeat(15)}${note.replaceAll('`', '')}`;
    return `  ${name.padEnd(12)} ${where}${more}`;
  });
  return ['What each filter reads:', ...lines, 'An event of any profile that has a further field of that name matches by it, too. One that lacks it does not match.'].join('\n');
}
