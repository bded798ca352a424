// Programs whose own options carry a secret, such as `-p`, which says nothing by itself. Invariant: an option counts only
// where the program is named; a usage is written as it is typed, so that the table reads as examples do.
import type { NamedAs } from './region.js';
import { maskShape } from './span.js';

/** How a program is told, in arguments and in a shell's line. */
export interface Program {
  readonly names: RegExp;
  /** A word that must stand among the arguments, such as a subcommand. */
  readonly word?: string;
  /** Texts of at least 3 characters, one of which is part of the JSON text of every array that names the program. */
  readonly hints: readonly string[];
  /** Texts of which one is part of every shell's line that runs the program; without any the line is not looked at. */
  readonly lineHints?: readonly string[];
}

/** Where a program's arguments hold a secret. */
interface Usage {
  readonly program: Program;
  /** The argument before it; undefined: none tells. */
  readonly option: string | undefined;
  /** What the argument begins with. */
  readonly lead: string;
  /** The character behind which the secret stands in the argument; undefined: right behind `lead`. */
  readonly behind: string | undefined;
  /** Short options without a value, which may stand before the option in the same argument: `-sSu`. */
  readonly flags: RegExp | undefined;
  readonly rule: NamedAs;
}

/** What is known of an argument: from character `start` on it is a secret. */
export interface Carried {
  readonly rule: NamedAs;
  readonly start: number;
}

export const password: NamedAs = { name: 'password', shape: 'plain', vague: false };
const cookie: NamedAs = { name: 'cookie', shape: 'cookie', vague: false };

const usageShape = /^(?:(-[\w-]+) )?(|-[\w-]+=?)(?:_(.))?X$/;

/** Usages of one program, `X` standing for the secret and `_` for what precedes it in its argument: `-p X`, `--user=_:X`. */
function usages(program: Program, typed: readonly string[], rule: NamedAs = password, flags?: RegExp): readonly Usage[] {
  return typed.map((one) => {
    const [, option, lead = '', behind] = usageShape.exec(one) ?? [];
    return { program, option, lead, behind, flags, rule };
  });
}

const logins = ['docker', 'podman', 'nerdctl', 'buildah', 'skopeo', 'oras', 'helm', 'cosign', 'oc', 'az', 'cf'];
const secret: NamedAs = { name: 'secret', shape: 'plain', vague: false };
const curl: Program = { names: /^curl$/, hints: ['curl"'], lineHints: ['curl '] };
const curlFlags = /^-[fsSkLvgiIjnNOq#0-9]+(?=[uUb])/;

// A password that is all of an option's value.
const passwords: readonly [program: Program, ...typed: string[]][] = [
  [{ names: /^sshpass$/, hints: ['sshpass"'], lineHints: ['sshpass '] }, '-p X', '-pX'],
  [{ names: new RegExp(`^(?:${logins.join('|')})$`), word: 'login', hints: ['login"'], lineHints: logins.map((name) => `${name.slice(-2)} login `) }, '-p X'],
  [{ names: /^(?:helm|regctl)$/, word: 'registry login', hints: [], lineHints: ['helm registry login ', 'regctl registry login '] }, '-p X'],
  [{ names: /^(?:az)$/, word: 'acr login', hints: [], lineHints: ['az acr login '] }, '-p X'],
  [{ names: /^(?:mysql|mysqldump|mysqladmin|mysqlimport|mariadb|mariadb-dump|7z|7za|7zz)$/, hints: ['mysql', 'mariadb', '"7z', '/7z'], lineHints: ['mysql', 'mariadb', '7z ', '7za ', '7zz '] }, '-pX'],
  [{ names: /^cqlsh$/, hints: ['cqlsh"'], lineHints: ['cqlsh '] }, '-p X'],
  [{ names: /^redis-server$/, hints: ['redis-server"'], lineHints: ['redis-server '] }, '--requirepass X', '--masterauth X'],
  [{ names: /^redis-cli$/, hints: ['redis-cli"'], lineHints: ['redis-cli '] }, '-a X'],
  [{ names: /^mongo(?:sh|dump|restore|export|import)?$/, hints: ['mongo'], lineHints: ['mongo'] }, '-p X'],
  [{ names: /^ldap[a-z]+$/, hints: ['ldap'], lineHints: ['ldap'] }, '-w X'],
  [{ names: /^(?:keytool|jarsigner)$/, hints: ['keytool', 'jarsigner'], lineHints: ['keytool', 'jarsigner'] }, '-storepass X', '-keypass X', '-srcstorepass X', '-deststorepass X', '-new X'],
  [{ names: /^(?:sqlcmd|mosquitto_(?:pub|sub|rr))$/, hints: ['sqlcmd', 'mosquitto_'], lineHints: ['sqlcmd', 'mosquitto_'] }, '-P X'],
  [{ names: /^(?:zip|unzip)$/, hints: ['zip"'], lineHints: ['zip '] }, '-P X'],
];

// A password behind something else in an option's value: a user, or where it comes from.
const pairs: readonly [program: Program, ...typed: string[]][] = [
  [{ names: /^(?:https?|xh)$/, hints: ['http"', 'https"', '"xh"', '/xh"'] }, '-a _:X', '--auth _:X', '--auth=_:X'],
  [{ names: /^smbclient$/, hints: ['smbclient"'], lineHints: ['smbclient '] }, '-U _%X', '--user _%X', '--user=_%X'],
  [{ names: /^lftp$/, hints: ['lftp"'], lineHints: ['lftp '] }, '-u _,X'],
  [{ names: /^openssl$/, hints: ['openssl"'] }, '-pass _:X', '-passin _:X', '-passout _:X'],
];

// What is put into a store of secrets. A line has more words before the option than a list needs.
const stores: readonly [program: Program, ...typed: string[]][] = [
  [{ names: /^gh$/, word: 'secret', hints: ['secret"'] }, '-b X', '--body X', '--body=X'],
  [{ names: /^gh$/, word: 'secret set', hints: [], lineHints: ['gh secret set '] }, '-b X', '--body X', '--body=X'],
  [{ names: /^az$/, word: 'keyvault', hints: ['keyvault"'] }, '--value X', '--value=X'],
  [{ names: /^az$/, word: 'keyvault secret set', hints: [], lineHints: ['az keyvault secret set '] }, '--value X', '--value=X'],
  [{ names: /^aws$/, word: 'SecureString', hints: ['securestring"'] }, '--value X', '--value=X'],
];

const table: readonly Usage[] = [
  ...usages(curl, ['-u _:X', '--user _:X', '-U _:X', '--proxy-user _:X', '--user=_:X', '--proxy-user=_:X', '-u_:X', '-U_:X'], password, curlFlags),
  ...usages(curl, ['-b X', '-bX'], cookie, curlFlags),
  ...[...pairs, ...passwords].flatMap(([program, ...typed]) => usages(program, typed)),
  ...stores.flatMap(([program, ...typed]) => usages(program, typed, secret)),
];

const programs: readonly Program[] = [...new Set(table.map(({ program }) => program))];

/** What the JSON text of any array or line with such a program holds, quotes as they stand there. */
export const programHints: readonly string[] = programs.flatMap(({ hints, lineHints = [] }) => [...hints, ...lineHints]);

/** What every text holds that runs one of them. */
export const runHints: readonly string[] = [...new Set(programs.flatMap(({ lineHints = [] }) => lineHints))];

/** What every text holds that has one of them in a list, in quotes of either kind or as JSON text inside text. */
export const listHints: readonly string[] = [...new Set(programs.flatMap(({ hints }) => hints).flatMap((hint) => (
  hint.endsWith('"') && !hint.startsWith('"') ? ['"', "'", '\\'].map((end) => hint.slice(0, -1) + end) : [hint])))];

/** A pattern of the names that a text runs them by, a blank behind each. */
export const runNames: string = programs.filter(({ lineHints }) => lineHints !== undefined)
  .map(({ names, word }) => `${names.source.slice(1, -1)}(?= ${word === undefined ? '' : `${word} `})`).join('|');

/** How many of the first words of a command may name the program: `sudo -u x env A=b curl`. */
export const programWithin = 8;

/** Characters of a program's name. */
const programCharsMax = 64;

/** The name of the program that an argument runs. */
export function programOf(argument: string): string {
  return argument.slice(argument.lastIndexOf('/') + 1);
}

/** The programs that a list of arguments may run. */
export function programsOf(list: readonly unknown[]): readonly Program[] {
  const names: string[] = [];
  for (const value of list.slice(0, programWithin)) {
    if (typeof value === 'string') names.push(programOf(value));
  }
  return programs.filter(({ names: known, word }) =>
    (word === undefined || list.includes(word)) && names.some((name) => known.test(name)));
}

/** The programs of a command in a shell's line, `names` being its words that have a blank behind them. */
export function linePrograms(names: readonly string[], command: string): readonly Program[] {
  return programs.filter(({ names: known, word, lineHints }) => lineHints !== undefined
    && names.slice(0, programWithin).some((name) => known.test(name) && (word === undefined || command.includes(`${name} ${word} `))));
}

// Texts name few programs, but a hostile one could name ever new ones.
const runKeptMax = 256;
const runs = new Map<string, readonly Program[]>();

/** The programs that the first word of a command in a text may run. */
export function runPrograms(word: string): readonly Program[] {
  const name = programOf(word).slice(0, programCharsMax);
  const seen = runs.get(name);
  if (seen !== undefined) return seen;
  const named = programs.filter(({ names, lineHints }) => lineHints !== undefined && names.test(name));
  if (runs.size >= runKeptMax) runs.clear();
  runs.set(name, named);
  return named;
}

/** What stands in a mask separates nothing: else a second look would read an argument otherwise. */
function unmasked(argument: string): string {
  return argument.includes('[redacted:') ? argument.replace(maskShape, (mask) => '_'.repeat(mask.length)) : argument;
}

/** What the option before an argument says about it or, where that is undefined, its own beginning. */
export function carriedBy(option: string | undefined, argument: string, among: readonly Program[]): Carried | undefined {
  if (among.length === 0) return undefined;
  for (const usage of table) {
    if (!among.includes(usage.program) || (usage.option === undefined) !== (option === undefined)) continue;
    const { lead, behind, flags, rule } = usage;
    const skipped = flags?.exec(option ?? argument)?.[0].slice(1) ?? '';
    const unskipped = skipped === '' ? option ?? argument : `-${(option ?? argument).slice(1 + skipped.length)}`;
    if (option === undefined ? !unskipped.startsWith(lead) || unskipped === lead : unskipped !== usage.option) continue;
    const from = option === undefined ? lead.length + skipped.length : 0;
    const start = behind === undefined ? from : unmasked(argument).indexOf(behind, from) + 1;
    if (start > 0 || behind === undefined) return { rule, start };
  }
  return undefined;
}
