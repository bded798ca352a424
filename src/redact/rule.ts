// One rule for secrets that are told by their looks. Invariant: a pattern is linear in the text: it begins where a
// word begins or with a literal, and a run in it has a maximum or ends where that word does.

/** Stands before the secret in an example. */
const openMark = '«';
/** Stands behind the secret in an example. */
const closeMark = '»';

/** A secret that is known by its own looks or by the text around it. */
export interface TextRule {
  readonly name: string;
  /** Global. The secret is the match or, where the pattern has a group, that group, which then ends the match. */
  readonly pattern: RegExp;
  /** Small-letter texts of at least 3 characters, one of which is part of every text that matches. */
  readonly hints: readonly string[];
  /** No text shorter than this many characters matches. */
  readonly least: number;
  /** A text with its secret between « and ». */
  readonly example: string;
  /** A text that looks like it and holds no secret. */
  readonly counterExample: string;
}

/** An example as it would be met, and the secret in it. */
export interface Example {
  readonly text: string;
  readonly secret: string;
  readonly at: number;
}

/** Takes the marks out of an example. */
export function exampleOf(marked: string): Example {
  const at = marked.indexOf(openMark);
  const secret = marked.slice(at + 1, marked.indexOf(closeMark));
  return { text: marked.replace(openMark, '').replace(closeMark, ''), secret, at };
}

// A word may also begin behind an escape of JSON text or of a URL, whose last character is a letter or a digit.
const escapeBefore = String.raw`(?<=\\[nrtbf]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4})`;

/**
 * Where a bare value is over: before a blank, a line's end as JSON writes it, or a quote that ends what it stands in. One that
 * goes on behind a quote or another escape is no value to who cannot see all of it: a part of it MUST NOT be masked alone.
 */
export const valueEnd = String.raw`(?=\s|$|\\[nrt]|\\{0,4}["'\x60](?![\w$@#%^*+=~!-]))`;

/** The place where a word begins. */
export const wordEdge = String.raw`(?:(?<![A-Za-z0-9_])|${escapeBefore})`;

/** Like `wordEdge`, for tokens of which `-` is a part: else each `-` of a long run would begin a new search of it. */
export const dashedEdge = String.raw`(?:(?<![A-Za-z0-9_-])|${escapeBefore})`;

/** A run of so many characters or more at most may as well be longer: what was issued grows over the years. */
const openRunChars = 40;

/** A token's body without such maxima. Linear all the same: the search begins at most once in each word. */
function opened(source: string): string {
  return source.replace(/\{(\d+),(\d+)\}/g, (run, least: string, most: string) => (Number(most) < openRunChars ? run : `{${least},}`));
}

/**
 * A rule for a token that stands by itself. `body` says nothing of what stands before and behind it: no letter, digit
 * or `_` may, nor `-` where the token may hold one. The example has the fewest characters that the rule takes.
 */
export function token(
  name: string, hints: readonly string[], body: RegExp, example: string, counterExample: string,
): TextRule {
  const dashed = body.source.includes('-]{');
  const end = dashed ? '(?![A-Za-z0-9_-])' : '(?![A-Za-z0-9_])';
  const pattern = new RegExp(`${dashed ? dashedEdge : wordEdge}(?:${opened(body.source)})${end}`, 'g');
  return { name, pattern, hints, least: exampleOf(example).secret.length, example, counterExample };
}

/** A rule for a secret that is known by what stands before it; `pattern` as it is, ending in its group if it has one. */
export function after(
  name: string, hints: readonly string[], pattern: RegExp, example: string, counterExample: string,
): TextRule {
  return { name, pattern, hints, least: 0, example, counterExample };
}
