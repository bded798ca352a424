// Programs whose own options carry a secret, such as `-p`, which says nothing by itself. Invariant: an option counts only
// where the program is named; a usage is written as it is typed, so that the table reads as examples do.
import type { NamedAs } from './region.js';

/** How a program is told, in arguments and in a shell's line. */
export interface Program {
  /** Between blanks. */
  readonly names: string;
  /** A word that must stand among the arguments, such as a subcommand. */
  readonly word?: string;
  /** Texts of at least 3 characters, one of which is part of every text that runs the program, quotes as they stand there. */
  readonly hints: readonly string[];
}

/** Where a program's arguments hold a secret. */
export interface Usage {
  readonly program: Program;
  /** The arguments before it, in order, `_` being any; none: its own beginning tells. */
  readonly before: readonly string[];
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

// Much else is called so, too: it takes a digit.
const community: NamedAs = { name: 'password', shape: 'plain', vague: true };

const usageShape = /^((?:\S+ )*)(|-[\w-]+=?)(?:_(.))?X$/;

/**
 * Usages of one program, `X` standing for the secret and `_` for any argument or, in the secret's own, for what precedes it:
 * `-p X`, `-pX`, `--user=_:X`, `add_user _ X`.
 */
function usages(program: Program, typed: readonly string[], rule: NamedAs = password, flags?: RegExp): readonly Usage[] {
  return typed.map((one) => {
    const [, before = '', lead = '', behind] = usageShape.exec(one) ?? [];
    return { program, before: before.split(' ').filter((word) => word !== ''), lead, behind, flags, rule };
  });
}

const logins = ['docker', 'podman', 'nerdctl', 'buildah', 'skopeo', 'oras', 'helm', 'oc', 'az', 'cf'];
const curl: Program = { names: 'curl', hints: ['curl'] };
const curlFlags = /^-[fsSkLvgiIjnNOq#0-9]+(?=[uUb])/;
const openssl: Program = { names: 'openssl', hints: ['openssl'] };
const snmp: Program = { names: 'snmpget snmpgetnext snmpbulkget snmpwalk snmpbulkwalk snmpset snmptable snmptrap snmpinform snmpstatus snmpusm', hints: ['snmp'] };

// A password that is all of an option's value, or an argument by itself.
const passwords: readonly [program: Program, ...typed: string[]][] = [
  [{ names: 'sshpass', hints: ['sshpass'] }, '-p X', '-pX'],
  [{ names: logins.join(' '), word: 'login', hints: ['login"', 'login\\', 'login\'', ...logins.map((name) => `${name.slice(-2)} login `)] }, '-p X'],
  [{ names: 'mysql mysqldump mysqladmin mysqlimport mariadb mariadb-dump 7z 7za 7zz', hints: ['mysql', 'mariadb', '"7z', '/7z', '7z '] }, '-pX'],
  [{ names: 'mysqladmin', hints: ['mysql'] }, 'password X'],
  [{ names: 'redis-cli', hints: ['redis-cli'] }, '-a X', 'AUTH X', 'auth X', 'requirepass X'],
  [{ names: 'mongo mongosh mongodump mongorestore mongoexport mongoimport', hints: ['mongo'] }, '-p X'],
  [{ names: 'ldapsearch ldapadd ldapmodify ldapdelete ldapmodrdn ldapcompare ldapexop ldappasswd ldapwhoami ldapvi', hints: ['ldap'] }, '-w X'],
  [{ names: 'keytool jarsigner', hints: ['keytool', 'jarsigner'] }, '-storepass X', '-keypass X', '-srcstorepass X', '-deststorepass X', '-new X'],
  [{ names: 'sqlcmd mosquitto_pub mosquitto_sub mosquitto_rr', hints: ['sqlcmd', 'mosquitto_'] }, '-P X'],
  [{ names: 'zip unzip', hints: ['zip"', 'zip\\', 'zip -'] }, '-P X'],
  [{ names: 'ssh-keygen', hints: ['ssh-keygen'] }, '-N X', '-P X'],
  [{ names: 'htpasswd', hints: ['htpasswd'] }, ...['-b', '-bc', '-cb', '-bB', '-Bb', '-bcB', '-Bbc', '-cbB'].map((flags) => `${flags} _ _ X`), ...['-nb', '-bn', '-nbB', '-bnB', '-Bbn', '-nbm'].map((flags) => `${flags} _ X`)],
  [{ names: 'twine cqlsh', hints: ['twine', 'cqlsh'] }, '-p X'],
  [{ names: 'ipmitool', hints: ['ipmitool'] }, '-P X'],
  [{ names: 'rabbitmqctl', hints: ['rabbitmqctl'] }, 'add_user _ X', 'change_password _ X'],
  [{ names: 'vault bao', word: 'login', hints: ['vault login', 'bao login', 'login"', 'login\\', 'login\''] }, 'login X'],
  [{ names: 'vault bao', word: 'unseal', hints: ['unseal'] }, 'unseal X'],
  [{ names: 'wpa_passphrase', hints: ['wpa_passphrase'] }, 'wpa_passphrase _ X'],
  [snmp, '-A X', '-X X'],
  [openssl, '-k X'],
];

// A password behind something else in an option's value: a user, or where it comes from.
const pairs: readonly [program: Program, ...typed: string[]][] = [
  [{ names: 'http https xh', hints: ['http"', 'https"', 'http\\', 'https\\', '"xh"', '/xh"', '"xh\\', '/xh\\', 'http -', 'https -'] }, '-a _:X', '--auth _:X', '--auth=_:X'],
  [{ names: 'smbclient', hints: ['smbclient'] }, '-U _%X', '--user _%X', '--user=_%X'],
  [openssl, '-pass _:X', '-passin _:X', '-passout _:X'],
  [{ names: 'etcdctl', hints: ['tcdctl'] }, '--user _:X', '--user=_:X'],
];

const table: readonly Usage[] = [
  ...usages(curl, ['-u _:X', '--user _:X', '-U _:X', '--proxy-user _:X', '--user=_:X', '--proxy-user=_:X', '-u_:X', '-U_:X'], password, curlFlags),
  ...usages(curl, ['-b X', '-bX'], cookie, curlFlags),
  ...usages(snmp, ['-c X'], community),
  ...[...pairs, ...passwords].flatMap(([program, ...typed]) => usages(program, typed)),
];

const byName = new Map<string, Usage[]>();
for (const usage of table) {
  for (const name of usage.program.names.split(' ')) byName.set(name, [...byName.get(name) ?? [], usage]);
}

/** What any text that runs such a program holds, quotes as they stand there. */
export const programHints: readonly string[] = [...new Set(table.flatMap(({ program }) => program.hints))];

/** How many of the first words of a command may name the program: `sudo -u x env A=b curl`. */
export const programWithin = 8;

/** The name of the program that an argument runs. */
export function programOf(argument: string): string {
  return argument.slice(argument.lastIndexOf('/') + 1);
}

/** Where a command's words may hold a secret, `names` being those of them that may name its program. */
export function usagesOf(names: readonly string[], words: readonly unknown[]): readonly Usage[] {
  return names.flatMap((name) => byName.get(programOf(name)) ?? [])
    .filter(({ program: { word } }) => word === undefined || words.includes(word));
}

const optionShape = /^(?:--|-[A-Za-z]$)/;

/** What word `index` of a command is known to hold from the words before it. */
export function carriedAt(words: readonly unknown[], index: number, among: readonly Usage[]): Carried | undefined {
  const argument = words[index];
  if (typeof argument !== 'string') return undefined;
  for (const usage of among) {
    const start = usage.before.length === 0 ? undefined : startBehind(usage, words, index, argument);
    if (start !== undefined) return { rule: usage.rule, start };
  }
  return undefined;
}

/** What a word is known to hold from its own beginning. */
export function carriedBySelf(argument: string, among: readonly Usage[]): Carried | undefined {
  for (const usage of among) {
    const start = usage.before.length === 0 ? startBySelf(usage, argument) : undefined;
    if (start !== undefined) return { rule: usage.rule, start };
  }
  return undefined;
}

function unskipped(argument: string, flags: RegExp | undefined): { readonly text: string; readonly skipped: number } {
  const skipped = (flags?.exec(argument)?.[0].length ?? 1) - 1;
  return skipped === 0 ? { text: argument, skipped } : { text: `-${argument.slice(1 + skipped)}`, skipped };
}

function startBySelf({ lead, behind, flags }: Usage, argument: string): number | undefined {
  const { text, skipped } = unskipped(argument, flags);
  return text.startsWith(lead) && text !== lead ? startIn(argument, lead.length + skipped, behind) : undefined;
}

function startBehind(usage: Usage, words: readonly unknown[], index: number, argument: string): number | undefined {
  const { before, behind, flags } = usage;
  const first = index - before.length;
  // An option's value may look like anything, an argument by itself not like an option.
  const isOption = before.length === 1 && before[0]?.startsWith('-') === true ? optionShape.test(argument) : /^[-/]/.test(argument);
  if (first < 0 || isOption) return undefined;
  const isTold = before.every((wanted, n) => {
    const word = words[first + n];
    return typeof word === 'string' && (wanted === '_' || wanted === word || (flags !== undefined && wanted === unskipped(word, flags).text)
      || (n === 0 && wanted === programOf(word)));
  });
  return isTold ? startIn(argument, 0, behind) : undefined;
}

function startIn(argument: string, from: number, behind: string | undefined): number | undefined {
  const start = behind === undefined ? from : argument.indexOf(behind, from) + 1;
  return start > 0 || behind === undefined ? start : undefined;
}
