// A moment as RFC 3339 text. Invariant: it is checked and never rewritten, because the source systems spell time in
// several ways and each log is compared with its own source.
import { passText } from './pass.js';
import { plainType } from './type.js';

// What RFC 3339 allows: T and Z in either case, any offset, a leap second. Fractions of at most nine digits, which is
// what the source systems have; a space for the T is not taken.
const momentForm = new RegExp(
  '^\\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\\d|3[01])[Tt](?:[01]\\d|2[0-3]):[0-5]\\d:(?:[0-5]\\d|60)(?:\\.\\d{1,9})?' +
  '(?:[Zz]|[+-](?:[01]\\d|2[0-3]):[0-5]\\d)$',
);

/** Whether a text is RFC 3339, on a day and at an hour that there are. */
export function isMoment(text: string): boolean {
  if (!momentForm.test(text)) return false;
  const day = Number(text.slice(8, 10));
  if (day <= 28) return true;
  const year = Number(text.slice(0, 4));
  const month = Number(text.slice(5, 7));
  if (month === 2) return day === 29 && year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day <= 30 || ![4, 6, 9, 11].includes(month);
}

const partOfMs = /\.\d{3}\d*[1-9]/;

/**
 * The milliseconds since 1970 of RFC 3339 text, the first whole one that is not before it. A leap second is the first of the
 * next minute, as clocks count it.
 */
export function momentMs(text: string): number {
  const isLeap = text.slice(17, 19) === '60';
  const ms = Date.parse(`${text.slice(0, 17)}${isLeap ? '59' : text.slice(17, 19)}${text.slice(19)}`.toUpperCase());
  return ms + (isLeap ? 1000 : 0) + (partOfMs.test(text) ? 1 : 0);
}

/** RFC 3339 text, kept as it is spelled. */
export const moment = plainType<string>('ts', 'an RFC 3339 time', (value) => typeof value === 'string' && isMoment(value), (json, at) => {
  const end = passText(json, at);
  return end > 0 && isMoment(json.bytes.toString('latin1', at + 1, end - 1)) ? end : -1;
});
