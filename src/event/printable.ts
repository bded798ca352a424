/**
 * Text from a log on its way to a terminal. Invariant: what comes out moves no cursor, changes no colour, and reads
 * in the order it is stored in, because whoever may append to a log chooses its text and an operator's screen is
 * where a forged line would do its work.
 */

/** Controls (C0, C1, DEL), soft hyphen, zero-width and bidirectional controls, line separators, tags, lone surrogates. */
const hiddenForm = new RegExp(
  '[\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u2028-\\u202e' +
  '\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}]|\\p{Surrogate}',
  'gu',
);

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** The text with every control, ANSI, bidirectional and invisible character written as `\uXXXX`, on one line. */
export function printable(text: string): string {
  return text.replace(hiddenForm, escaped);
}
