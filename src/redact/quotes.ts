// Whether a place in a text is inside a string: of a program, a shell's line, a document. Invariant: it reads back to the
// line's beginning or so many characters, and where that does not tell, the place is outside.

/** Characters before a place that are read: a line that is longer says nothing. */
const leadMax = 160;
const [lineFeed, apostrophe, backslash] = [0x0a, 0x27, 0x5c];

/** Whether a quote, `mark` with so many backslashes before it, was opened before character `index` of its line and not closed. */
export function isWithinQuotes(text: string, index: number, slashes: number, mark: string): boolean {
  const quote = mark.charCodeAt(0);
  const least = index - leadMax;
  let count = 0;
  for (let at = index - 1; at >= least; at--) {
    const code = at < 0 ? lineFeed : text.charCodeAt(at);
    if (code === lineFeed) return count % 2 === 1;
    if (code !== quote) continue;
    if (quote === apostrophe && isLetter(text.charCodeAt(at - 1)) && isLetter(text.charCodeAt(at + 1))) continue;
    // `"""` of a program's comment.
    if (text.charCodeAt(at - 1) === quote && text.charCodeAt(at - 2) === quote) {
      at -= 2;
      continue;
    }
    let before = 0;
    while (before <= slashes && text.charCodeAt(at - 1 - before) === backslash) before++;
    if (before === slashes) count++;
  }
  return false;
}

/** A letter or a digit, or any character beyond ASCII. */
function isLetter(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39) || code > 0x7f;
}
