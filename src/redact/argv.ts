// Secrets that an array's neighbours give away: `--token`, `X` of a command, names and values of headers. Invariant: an
// element is told by the one before it, by the program's name or by its own `name=`, never by its looks.
import type { JsonValue } from '../event/json.js';
import { keyLinesIn } from './key-lines.js';
import { type NameRule, entryRule } from './names.js';
import type { NamedAs } from './region.js';

/** What is known of an element: from character `start` on it is the value of a secret's name. */
export interface Announced {
  readonly rule: NamedAs;
  readonly start: number;
}

const password: NamedAs = { name: 'password', shape: 'plain', vague: false };
const keyLine: NamedAs = { name: 'private-key', shape: 'plain', vague: false };

/** A program's short options that carry a password. */
interface Tool {
  readonly program: RegExp;
  /** Texts of at least 3 characters, one of which is part of the JSON text of every array that names the program. */
  readonly hints: readonly string[];
  /** A word that must stand among the arguments, such as a subcommand. */
  readonly word?: string;
  /** Options whose next argument holds the password. */
  readonly options: readonly string[];
  /** Options that the password follows in the same argument. */
  readonly joined?: readonly string[];
  /** The character that ends what precedes the password in the argument. */
  readonly behind?: string;
}

const tools: readonly Tool[] = [
  { program: /^curl$/, hints: ['curl"'], options: ['-u', '--user', '-U', '--proxy-user'], joined: ['--user=', '--proxy-user='], behind: ':' },
  { program: /^(?:https?|xh)$/, hints: ['http"', 'https"', '"xh"', '/xh"'], options: ['-a', '--auth'], joined: ['--auth='], behind: ':' },
  { program: /^smbclient$/, hints: ['smbclient"'], options: ['-U', '--user'], joined: ['--user='], behind: '%' },
  { program: /^openssl$/, hints: ['openssl"'], options: ['-pass', '-passin', '-passout'], behind: ':' },
  { program: /^sshpass$/, hints: ['sshpass"'], options: ['-p'], joined: ['-p'] },
  { program: /^(?:docker|podman|nerdctl|buildah|skopeo|oras|helm|oc|az|cf)$/, hints: ['login"'], word: 'login', options: ['-p'], joined: [] },
  { program: /^(?:mysql|mysqldump|mysqladmin|mysqlimport|mariadb|mariadb-dump|7z|7za|7zz)$/, hints: ['mysql', 'mariadb', '"7z', '/7z'], options: [], joined: ['-p'] },
  { program: /^redis-cli$/, hints: ['redis-cli"'], options: ['-a'] },
  { program: /^mongo(?:sh|dump|restore|export|import)?$/, hints: ['mongo'], options: ['-p'] },
  { program: /^ldap[a-z]+$/, hints: ['ldap'], options: ['-w'] },
  { program: /^(?:zip|unzip)$/, hints: ['zip"'], options: ['-P'] },
];

/** What the JSON text of any array with such a program holds, quotes as they stand there. */
export const toolHints: readonly string[] = tools.flatMap(({ hints }) => hints);

/** How many of the first elements may name the program: `sudo -u x env A=b curl`. */
const programWithin = 8;

function toolsOf(list: readonly JsonValue[]): readonly Tool[] {
  const names: string[] = [];
  for (const value of list.slice(0, programWithin)) {
    if (typeof value === 'string') names.push(value.slice(value.lastIndexOf('/') + 1));
  }
  return tools.filter(({ program, word }) =>
    (word === undefined || list.includes(word)) && names.some((name) => program.test(name)));
}

/** How a list is read: `pairs` if it is one of a list of two-element lists, as headers are. */
export interface ListReading {
  readonly pairs: boolean;
  readonly tools: readonly Tool[];
  /** Elements that are lines of a private key. */
  readonly keyLines: ReadonlySet<number>;
}

/** What is to be known of a list before its elements are looked at. */
export function readList(list: readonly JsonValue[], pairs: boolean): ListReading {
  return { pairs: pairs && list.length === 2, tools: toolsOf(list), keyLines: keyLinesIn(list) };
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
  return (typeof before === 'string' ? byNeighbour(list, index, before, element, reading) : undefined)
    ?? byTool(undefined, element, reading.tools) ?? bySelf(element);
}

function announced(rule: NameRule | null, start: number): Announced | undefined {
  return rule === null ? undefined : { rule, start };
}

const optionLike = /^--?[A-Za-z]/;
const headerName = /^(?:(?:proxy-)?authorization|cookie|set-cookie|x-[a-z0-9-]+)$/i;

function byNeighbour(
  list: readonly JsonValue[], index: number, before: string, element: string, reading: ListReading,
): Announced | undefined {
  if (optionLike.test(before) && !before.includes('=')) {
    const isOption = element.startsWith('--') || /^-[A-Za-z]$/.test(element);
    if (isOption) return undefined;
    return byTool(before, element, reading.tools) ?? (before === '--pass' ? { rule: password, start: 0 } : announced(entryRule(before), 0));
  }
  const isValue = reading.pairs || (list.length % 2 === 0 && index % 2 === 1 && headerName.test(before));
  return isValue ? announced(entryRule(before), 0) : undefined;
}

function byTool(before: string | undefined, element: string, list: readonly Tool[]): Announced | undefined {
  for (const { options, joined = [], behind } of list) {
    const lead = before === undefined ? joined.find((one) => element.startsWith(one) && element !== one) : '';
    if (lead === undefined || (before !== undefined && !options.includes(before))) continue;
    const start = behind === undefined ? lead.length : element.indexOf(behind, lead.length) + 1;
    if (start > 0 || behind === undefined) return { rule: password, start };
  }
  return undefined;
}

// Of `--name=value` all behind the first `=`; of `NAME=value` too, unless blanks make it a shell's line or a sentence.
const ownName = /^(-{0,2}[A-Za-z_][\w.-]{0,127})=/;

function bySelf(element: string): Announced | undefined {
  const [lead, name] = ownName.exec(element) ?? [];
  if (lead === undefined || name === undefined || (!name.startsWith('-') && /\s/.test(element))) return undefined;
  return announced(entryRule(name), lead.length);
}
