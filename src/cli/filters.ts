// The filters of `tail`, as options of a command.
import { InvalidArgumentError } from '@commander-js/extra-typings';
import type { Command } from '@commander-js/extra-typings';
import type { Filters } from '../client/client.js';
import { isMoment } from '../event/moment.js';
import { printable } from '../event/printable.js';
import type { FilterName } from '../wire/message.js';
import { filterNames } from '../wire/message.js';

const help: Readonly<Record<FilterName, string>> = {
  profile: 'of this profile', kind: 'of this kind', category: 'whose event has this category',
  outcome: 'whose event has this outcome', session_id: 'of this session', provider: 'of this cloud provider',
  tenant_id: 'of this tenant', instance_id: 'of this instance', vm_name: 'of this virtual machine',
  agent_id: 'of this agent', request_id: 'of this request', principal: 'by this principal',
  since: 'recorded at or after this time (RFC 3339)', until: 'recorded before this time (RFC 3339)',
};

function flagOf(name: FilterName): string {
  return `--${name.replaceAll('_', '-')}`;
}

/** Of two values of one filter nobody could say which one counts. */
function once(value: string, before: string | undefined): string {
  if (before !== undefined) throw new InvalidArgumentError(`it was given before, as '${before}'; each filter takes one value.`);
  return value;
}

/** Adds one option for each filter. */
export function addFilters(command: Command): void {
  for (const name of filterNames) command.option(`${flagOf(name)} <value>`, `only records ${help[name]}`, once);
}

/** The filters among a command's parsed options. */
export function filtersOf(options: Readonly<Record<string, unknown>>): Filters {
  const filters: Partial<Record<FilterName, string>> = {};
  for (const name of filterNames) {
    const value = options[name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];
    if (typeof value === 'string') filters[name] = value;
  }
  return filters;
}

/** What is wrong with the filters that a person gave, if anything is. */
export function mistakeIn(filters: Filters): string | undefined {
  for (const name of ['since', 'until'] as const) {
    const value = filters[name];
    if (value !== undefined && !isMoment(value)) {
      return `--${name} takes a time as in RFC 3339, such as 2026-11-20T13:00:00Z, not ${printable(value)}`;
    }
  }
  return undefined;
}
