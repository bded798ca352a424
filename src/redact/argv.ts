// Secrets that an array's neighbours give away: `--token`, `X` of a command, names and values of headers. Invariant: an
// element is told by the one before it, by the program's name or by its own `name=`, never by its looks.
import type { JsonValue } from '../event/json.js';
import { keyLinesIn } from './key-lines.js';
import { type NameRule, codeRuleOf, entryRule, nameRule } from './names.js';
import { type Carried, type Program, carriedBy, password, programOf, programWithin, programsOf } from './programs.js';
import type { NamedAs } from './region.js';

/** What is known of an element: from character `start` on it is the value of a secret's name. */
export interface Announced extends Carried {
  /** It is a shell's line, in which the secrets are yet to be found. */
  readonly isLine?: boolean;
  /** Not all of it is a secret, but this text wherever it stands in it; none if empty. */
  readonly same?: string;
}

const keyLine: NamedAs = { name: 'private-key', shape: 'plain', vague: false };

/** How a list is read: `pairs` if it is one of a list of two-element lists, as headers are. */
export interface ListReading {
  readonly pairs: boolean;
  readonly programs: readonly Program[];
  /** Whether it runs a shell. */
  readonly isShell: boolean;
  /** Whether a name may stand before its value as an argument of its own. */
  readonly configures: boolean;
  /** Elements that are lines of a private key. */
  readonly keyLines: ReadonlySet<number>;
}

const shell = /^(?:(?:ba|da|z|k|a)?sh|su)$/;
const lineOption = /^-[a-z]*c$/;

/** What is to be known of a list before its elements are looked at. */
export function readList(list: readonly JsonValue[], pairs: boolean): ListReading {
  return {
    pairs: pairs && list.length === 2,
    programs: programsOf(list),
    isShell: list.slice(0, programWithin).some((word) => typeof word === 'string' && shell.test(programOf(word))),
    configures: list.slice(0, programWithin).some((word) => word === 'config' || word === 'configure'),
    keyLines: keyLinesIn(list),
  };
}

/** Whether a list is one of names and values. */
export function isPairList(list: readonly JsonValue[]): boolean {
  return list.every((pair) => Array.isArray(pair) && pair.length === 2 && typeof pair[0] === 'string');
}

/** What the neighbours of element `index`, or its own beginning, say about it. */
export function announcedAt(list: readonly JsonValue[], index: number, reading: ListReading): Announced | undefined {
  const element = list[index];
  if (typeof element !== 'string') return undefined;
  if (reading.keyLines.has(index)) return { rule: keyLine, start: 0 };
  const before = index === 0 ? undefined : list[index - 1];
  if (reading.isShell && typeof before === 'string' && lineOption.test(before)) return { rule: password, start: 0, isLine: true };
  return (typeof before === 'string' ? byNeighbour(list, index, before, element, reading) : undefined)
    ?? carriedBy(undefined, element, reading.programs) ?? bySelf(element) ?? codeAt(before, element);
}

function announced(rule: NameRule | null, start: number): Announced | undefined {
  return rule === null ? undefined : { rule, start };
}

const optionLike = /^--?[A-Za-z]/;
// `aws configure set NAME VALUE`, `npm config set //host/:NAME VALUE`
const settingName = /^[\w./:@-]+$/;
const headerName = /^(?:(?:proxy-)?authorization|cookie|set-cookie|x-[a-z0-9-]+)$/i;

function byNeighbour(
  list: readonly JsonValue[], index: number, before: string, element: string, reading: ListReading,
): Announced | undefined {
  if (optionLike.test(before) && !before.includes('=')) {
    const isOption = element.startsWith('--') || /^-[A-Za-z]$/.test(element);
    if (isOption) return undefined;
    return carriedBy(before, element, reading.programs) ?? (before === '--pass' ? { rule: password, start: 0 } : announced(entryRule(before), 0));
  }
  if (reading.configures && !element.startsWith('-') && settingName.test(before)) {
    const rule = announced(nameRule(before), 0);
    if (rule !== undefined) return rule;
  }
  const isValue = reading.pairs || (list.length % 2 === 0 && index % 2 === 1 && headerName.test(before));
  return isValue ? announced(entryRule(before), 0) : undefined;
}

// Of `--name=value` all behind the first `=`; of `NAME=value` too, unless blanks make it a shell's line or a sentence.
const ownName = /^(-{0,2}[A-Za-z_][\w.-]{0,127})=/;

const joinedHeader = /^-H([A-Za-z][\w-]{0,127}):\s{0,16}/;

function bySelf(element: string): Announced | undefined {
  const [header, headerOf] = joinedHeader.exec(element) ?? [];
  if (header !== undefined && headerOf !== undefined) return announced(nameRule(headerOf), header.length);
  const [lead, name] = ownName.exec(element) ?? [];
  if (lead === undefined || name === undefined || (!name.startsWith('-') && /\s/.test(element))) return undefined;
  return announced(entryRule(name), lead.length);
}

function codeAt(before: JsonValue | undefined, element: string): Announced | undefined {
  if (typeof before === 'string' && optionLike.test(before)) {
    const told = announced(codeRuleOf(before), 0);
    if (told !== undefined) return told;
  }
  const [lead, name] = ownName.exec(element) ?? [];
  return lead === undefined || name === undefined ? undefined : announced(codeRuleOf(name), lead.length);
}
