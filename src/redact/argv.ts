// Secrets that an array's neighbours give away: `--token`, `X` of a command, names and values of headers. Invariant: an
// element is told by the one before it, by the program's name or by its own `name=`, never by its looks.
import type { JsonValue } from '../event/json.js';
import { keyLinesIn } from './key-lines.js';
import { type NameRule, entryRule, nameRule } from './names.js';
import type { NamedAs } from './region.js';

/** What is known of an element: from character `start` on it is the value of a secret's name. */
export interface Announced {
  readonly rule: NamedAs;
  readonly start: number;
  /** It is a shell's line, in which the secrets are yet to be found. */
  readonly isLine?: boolean;
  /** Not all of it is a secret, but this text wherever it stands in it; none if empty. */
  readonly same?: string;
}

const password: NamedAs = { name: 'password', shape: 'plain', vague: false };
const keyLine: NamedAs = { name: 'private-key', shape: 'plain', vague: false };
const cookie: NamedAs = { name: 'cookie', shape: 'cookie', vague: false };

/** A program's short options that carry a password. */
export interface Tool {
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
  /** Short options without a value, which may stand before such an option in the same argument: `-sSu`. */
  readonly flags?: RegExp;
  /** What the options carry, if not a password. */
  readonly rule?: NamedAs;
  /** Texts of which one is part of every shell's line that runs the program; without any the line is not looked at. */
  readonly lineHints?: readonly string[];
}

const logins = ['docker', 'podman', 'nerdctl', 'buildah', 'skopeo', 'oras', 'helm', 'oc', 'az', 'cf'];
const curlFlags = /^-[fsSkLvgiIjnNOq#0-9]+(?=[uUb])/;

const tools: readonly Tool[] = [
  { program: /^curl$/, hints: ['curl"'], options: ['-u', '--user', '-U', '--proxy-user'], joined: ['--user=', '--proxy-user=', '-u', '-U'], behind: ':', flags: curlFlags, lineHints: ['curl '] },
  { program: /^curl$/, hints: ['curl"'], options: ['-b'], joined: ['-b'], flags: curlFlags, rule: cookie, lineHints: ['curl '] },
  { program: /^(?:https?|xh)$/, hints: ['http"', 'https"', '"xh"', '/xh"'], options: ['-a', '--auth'], joined: ['--auth='], behind: ':' },
  { program: /^smbclient$/, hints: ['smbclient"'], options: ['-U', '--user'], joined: ['--user='], behind: '%' },
  { program: /^openssl$/, hints: ['openssl"'], options: ['-pass', '-passin', '-passout'], behind: ':' },
  { program: /^sshpass$/, hints: ['sshpass"'], options: ['-p'], joined: ['-p'], lineHints: ['sshpass '] },
  { program: new RegExp(`^(?:${logins.join('|')})$`), hints: ['login"'], word: 'login', options: ['-p'], joined: [], lineHints: logins.map((name) => `${name.slice(-2)} login `) },
  { program: /^(?:mysql|mysqldump|mysqladmin|mysqlimport|mariadb|mariadb-dump|7z|7za|7zz)$/, hints: ['mysql', 'mariadb', '"7z', '/7z'], options: [], joined: ['-p'], lineHints: ['mysql', 'mariadb', '7z '] },
  { program: /^redis-cli$/, hints: ['redis-cli"'], options: ['-a'], lineHints: ['redis-cli '] },
  { program: /^mongo(?:sh|dump|restore|export|import)?$/, hints: ['mongo'], options: ['-p'], lineHints: ['mongo'] },
  { program: /^ldap[a-z]+$/, hints: ['ldap'], options: ['-w'], lineHints: ['ldap'] },
  { program: /^(?:keytool|jarsigner)$/, hints: ['keytool', 'jarsigner'], options: ['-storepass', '-keypass', '-srcstorepass', '-deststorepass', '-new'], lineHints: ['keytool', 'jarsigner'] },
  { program: /^(?:sqlcmd|mosquitto_(?:pub|sub|rr))$/, hints: ['sqlcmd', 'mosquitto_'], options: ['-P'], lineHints: ['sqlcmd', 'mosquitto_'] },
  { program: /^(?:zip|unzip)$/, hints: ['zip"'], options: ['-P'] },
];

/** What the JSON text of any array with such a program holds, quotes as they stand there. */
export const toolHints: readonly string[] = tools.flatMap(({ hints, lineHints = [] }) => [...hints, ...lineHints]);

/** How many of the first elements may name the program: `sudo -u x env A=b curl`. */
const programWithin = 8;

/** The name of the program that an argument runs. */
export function programOf(argument: string): string {
  return argument.slice(argument.lastIndexOf('/') + 1);
}

/** What is known of the programs of a command in a shell's line, `names` being its words that have a blank behind them. */
export function lineToolsOf(names: readonly string[], command: string): readonly Tool[] {
  return tools.filter(({ program, word, lineHints }) => lineHints !== undefined
    && names.slice(0, programWithin).some((name) => program.test(name) && (word === undefined || command.includes(`${name} ${word} `))));
}

function toolsOf(list: readonly JsonValue[]): readonly Tool[] {
  const names: string[] = [];
  for (const value of list.slice(0, programWithin)) {
    if (typeof value === 'string') names.push(programOf(value));
  }
  return tools.filter(({ program, word }) =>
    (word === undefined || list.includes(word)) && names.some((name) => program.test(name)));
}

/** How a list is read: `pairs` if it is one of a list of two-element lists, as headers are. */
export interface ListReading {
  readonly pairs: boolean;
  readonly tools: readonly Tool[];
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
    tools: toolsOf(list),
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
    ?? byTool(undefined, element, reading.tools) ?? bySelf(element);
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
    return byTool(before, element, reading.tools) ?? (before === '--pass' ? { rule: password, start: 0 } : announced(entryRule(before), 0));
  }
  if (reading.configures && !element.startsWith('-') && settingName.test(before)) {
    const rule = announced(nameRule(before), 0);
    if (rule !== undefined) return rule;
  }
  const isValue = reading.pairs || (list.length % 2 === 0 && index % 2 === 1 && headerName.test(before));
  return isValue ? announced(entryRule(before), 0) : undefined;
}

/** What an option before an argument, or its own beginning, says about it. */
export function byTool(before: string | undefined, element: string, list: readonly Tool[]): Announced | undefined {
  for (const { options, joined = [], behind, flags, rule = password } of list) {
    const skipped = flags?.exec(before ?? element)?.[0].slice(1) ?? '';
    const unskipped = (argument: string): string => (skipped === '' ? argument : `-${argument.slice(1 + skipped.length)}`);
    const lead = before === undefined ? joined.find((one) => unskipped(element).startsWith(one) && unskipped(element) !== one) : '';
    if (lead === undefined || (before !== undefined && !options.includes(unskipped(before)))) continue;
    const from = lead === '' ? 0 : lead.length + skipped.length;
    const start = behind === undefined ? from : element.indexOf(behind, from) + 1;
    if (start > 0 || behind === undefined) return { rule, start };
  }
  return undefined;
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
