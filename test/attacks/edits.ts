// Edits of one line, as text: what a hand or a program that means to help may do to a record. Invariant: each gives the line
// without its LF, or undefined where it does not apply.
import { draw, drawBelow } from './draw.js';
import type { Random } from './draw.js';

export type Edit = (line: string, random: Random) => string | undefined;

/** The edits of one class, each with a name. */
export type Edits = Readonly<Record<string, Edit>>;

/** Where the event begins and ends in a line. */
function eventSpan(line: string): readonly [number, number] {
  const start = line.indexOf(',"event":') + ',"event":'.length;
  const redacted = line.lastIndexOf(',"redacted":');
  return [start, redacted > start ? redacted : line.lastIndexOf(',"prev":"')];
}

/** An edit of the event's text only. */
function inEvent(edit: Edit): Edit {
  return (line, random) => {
    const [start, end] = eventSpan(line);
    const edited = edit(line.slice(start, end), random);
    return edited === undefined ? undefined : line.slice(0, start) + edited + line.slice(end);
  };
}

/** Replaces one drawn match; undefined if there is none. */
function drawn(form: RegExp, by: (match: string, random: Random) => string): Edit {
  return (line, random) => {
    const matches = [...line.matchAll(form)];
    if (matches.length === 0) return undefined;
    const { 0: match, index } = draw(random, matches);
    return line.slice(0, index) + by(match, random) + line.slice(index + match.length);
  };
}

/** Replaces the only place there is. */
function once(form: RegExp, by: string | ((match: string) => string)): Edit {
  return (line) => {
    const edited = typeof by === 'string' ? line.replace(form, by) : line.replace(form, by);
    return edited === line ? undefined : edited;
  };
}

function otherDigit(digit: string): string {
  return digit === '9' ? '8' : String(Number(digit) + 1);
}

/** Another character of the same sort. */
function otherCharacter(character: string): string {
  if (/\d/.test(character)) return otherDigit(character);
  return character === 'z' || character === 'Z' ? 'a' : String.fromCharCode(character.charCodeAt(0) + 1);
}

const simplePair = /"(\w+)":("(?:[^"\\]|\\.)*"|-?\d[\d.]*|null|true|false)/g;

/** Two pairs of the event in each other's place, or only their values. */
function swapped(values: boolean): Edit {
  return inEvent((event, random) => {
    const pairs = [...event.matchAll(simplePair)];
    if (pairs.length < 2) return undefined;
    const at = drawBelow(random, pairs.length - 1);
    const [one, other] = [pairs[at], pairs[at + 1 + drawBelow(random, pairs.length - 1 - at)]];
    if (one === undefined || other === undefined) return undefined;
    const [, name, value] = one;
    const [, otherName, otherValue] = other;
    const first = values ? `"${name}":${otherValue}` : other[0];
    const second = values ? `"${otherName}":${value}` : one[0];
    const between = event.slice(one.index + one[0].length, other.index);
    return event.slice(0, one.index) + first + between + second + event.slice(other.index + other[0].length);
  });
}

export const fieldEdits: Edits = {
  'a character of the event': inEvent(drawn(/[A-Za-z0-9]/g, otherCharacter)),
  'an event\'s value taken out': inEvent(drawn(/,"\w+":(?:"[^"\\]*"|\d+|null)/g, () => '')),
  'a denial made a success': once(/"outcome":"denied"/, '"outcome":"success"'),
};

export const frameEdits: Edits = {
  ts: drawn(/(?<=^\{"seq":\d+,"ts":"2)\d{3}/g, (digits) => String((Number(digits) + 1) % 1000).padStart(3, '0')),
  source: once(/(?<="source":\{"listener":"\w+","pid":)\d+/, otherDigit),
  listener: once(/(?<="source":\{"listener":")\w/, otherCharacter),
  'key\'s step': once(/(?<="key":"\d+\.)\d+/, (step) => String(Number(step) + 1)),
  'key\'s epoch': once(/(?<="key":")\d+/, (epoch) => String(Number(epoch) + 1)),
  'key\'s plus': once(/(?<="key":"\d+\.\d+)\+?"/, (end) => (end === '"' ? '+"' : '"')),
  seq: once(/(?<=^\{"seq":)\d+/, (seq) => String(Number(seq) + 1)),
  prev: drawn(/(?<=,"prev":"[0-9a-f]{0,63})[0-9a-f](?=[0-9a-f]*","mac":"[0-9a-f]{64}"\}$)/g, (digit) => (digit === '0' ? '1' : '0')),
  mac: drawn(/(?<=,"mac":"[0-9a-f]{0,63})[0-9a-f](?=[0-9a-f]*"\}$)/g, (digit) => (digit === '0' ? '1' : '0')),
  profile: once(/(?<="profile":")\w/, otherCharacter),
  kind: once(/(?<="kind":")\w/, otherCharacter),
  id: once(/(?<="id":")\w/, otherCharacter),
  traceparent: once(/(?<="traceparent":"00-)\w/, otherCharacter),
  redacted: once(/(?<="redacted":\["\/)\w/, otherCharacter),
  'redacted taken out': once(/,"redacted":\["[^\]]*\]/, ''),
  'redacted put in': once(/(?<!\]),"prev":"(?=[0-9a-f]{64}","mac":"[0-9a-f]{64}"\}$)/, ',"redacted":["/action:aws"],"prev":"'),
};

export const swapEdits: Edits = { 'two values swapped': swapped(true) };

export const orderEdits: Edits = {
  'seq behind ts': once(/"seq":(\d+),("ts":"[^"]+")/, (match) => match.split(',').reverse().join(',')),
  'two keys of the event': swapped(false),
  'prev behind mac': once(/("prev":"[0-9a-f]{64}"),("mac":"[0-9a-f]{64}")/, (match) => match.split(',').reverse().join(',')),
};

export const spaceEdits: Edits = {
  'a space behind a colon': drawn(/":/g, (match) => `${match} `),
  'a tab before a quote': drawn(/(?<=[{,])"/g, (match) => `\t${match}`),
  'a space in front': (line) => ` ${line}`,
  'a space behind': (line) => `${line} `,
  'CR LF': (line) => `${line}\r`,
  'a CR in the middle': once(/,"event":/, ',\r"event":'),
  'a byte order mark': (line) => `\ufeff${line}`,
  'a NUL in front': (line) => `\0${line}`,
  'a NUL behind': (line) => `${line}\0`,
  'a NUL inside': inEvent(drawn(/[A-Za-z0-9]/g, () => '\0')),
  'a blank line before': (line) => `\n${line}`,
  'a blank line behind': (line) => `${line}\n`,
  'a comment before': (line) => `# all is well\n${line}`,
  'a comment behind': (line) => `${line}\n// all is well`,
  'a comment at its end': (line) => `${line}/**/`,
  'a line separator': (line) => `${line}\u2028`,
  'a no-break space': (line) => `${line}\u00a0`,
};

export const escapeEdits: Edits = {
  'a letter as \\u00xx': inEvent(drawn(/(?<=":"[\w/.-]*)[a-z]/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`)),
  'a slash as \\/': inEvent(drawn(/\//g, () => '\\/')),
  'a letter of another script as \\u': inEvent(drawn(/[\u0080-\uffff]/g, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`)),
  'a line end for its escape': inEvent(once(/\\n/, '\n')),
  'an escape in a name': inEvent(drawn(/(?<=[{,]")[a-z](?=\w*":)/g, (letter) => `\\u00${letter.charCodeAt(0).toString(16)}`)),
};

const whole = /(?<=":)\d+(?=[,}])/g;

export const numberEdits: Edits = {
  '4.50': inEvent(drawn(/(?<=":)\d+\.\d+(?=[,}])/g, (number) => `${number}0`)),
  '45e-1': inEvent(drawn(/(?<=":)\d+\.\d(?=[,}])/g, (number) => `${number.replace('.', '')}e-1`)),
  '450.0': inEvent(drawn(whole, (number) => `${number}.0`)),
  '0450': inEvent(drawn(whole, (number) => `0${number}`)),
  '-0': inEvent(drawn(/(?<=":)0(?=[,}])/g, () => '-0')),
  '+450': inEvent(drawn(whole, (number) => `+${number}`)),
  '450e0': inEvent(drawn(whole, (number) => `${number}e0`)),
  'as text': inEvent(drawn(whole, (number) => `"${number}"`)),
  'seq with a zero': once(/(?<=^\{"seq":)/, '0'),
  'seq as a float': once(/(?<=^\{"seq":\d+)(?=,)/, '.0'),
  'the pid with a zero': once(/(?<="pid":)/, '0'),
};

const another = '"action":"nothing"';

export const duplicateEdits: Edits = {
  'a forged one first': inEvent((event) => `{${another},${event.slice(1)}`),
  'a forged one last': inEvent((event) => `${event.slice(0, -1)},${another}}`),
  'the event twice, forged first': once(/,"event":/, `,"event":{${another}},"event":`),
  'the event twice, forged last': once(/,"prev":"(?=[0-9a-f]{64}","mac":"[0-9a-f]{64}"\}$)/, `,"event":{${another}},"prev":"`),
  'ts twice': once(/,"key":"/, ',"ts":"2000-01-01T00:00:00.000Z","key":"'),
  'seq twice': once(/^\{"seq":/, '{"seq":1,"seq":'),
  'prev twice': once(/,"prev":"(?=[0-9a-f]{64}","mac":"[0-9a-f]{64}"\}$)/, `,"prev":"${'0'.repeat(64)}","prev":"`),
  'mac twice': once(/,"mac":"(?=[0-9a-f]{64}"\}$)/, `,"mac":"${'0'.repeat(64)}","mac":"`),
};

export const extraEdits: Edits = {
  '__proto__ in the event': inEvent((event) => `{"__proto__":{"outcome":"success"},${event.slice(1)}`),
  '__proto__ of the record': once(/,"source":/, ',"__proto__":{"seq":1},"source":'),
  'a constructor': inEvent((event) => `{"constructor":{"prototype":null},${event.slice(1)}`),
  'a key of its own': once(/,"source":/, ',"note":"reviewed","source":'),
  'a key in the source': once(/"source":\{/, '"source":{"labels":{"vm":"trusted"},'),
  'a key behind the MAC': (line) => `${line.slice(0, -1)},"note":"reviewed"}`,
  'a second object': (line) => `${line}{}`,
};

const homoglyphs: Readonly<Record<string, string>> = { a: '\u0430', e: '\u0435', o: '\u043e', c: '\u0441', p: '\u0440', '/': '\u2044' };

export const unicodeEdits: Edits = {
  'NFC made NFD': inEvent((event) => (event.normalize('NFD') === event ? undefined : event.normalize('NFD'))),
  'one letter made NFD': inEvent(drawn(/[éïņü]/g, (letter) => letter.normalize('NFD'))),
  'compatibility form': inEvent((event) => (event.normalize('NFKC') === event ? undefined : event.normalize('NFKC'))),
  'a homoglyph': inEvent(drawn(/[aeocp/]/g, (letter) => homoglyphs[letter] ?? letter)),
  'a zero-width space': inEvent(drawn(/(?<=[a-z])(?=[a-z])/g, () => '\u200b')),
  'a bidirectional override': inEvent(drawn(/(?<=[a-z])(?=[a-z])/g, () => '\u202e')),
};

/** Every edit there is. */
export const anyEdit: readonly Edit[] = [
  fieldEdits, frameEdits, swapEdits, orderEdits, spaceEdits, escapeEdits, numberEdits, duplicateEdits, extraEdits, unicodeEdits,
].flatMap((edits) => Object.values(edits));
