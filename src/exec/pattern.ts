// Patterns for commands, arguments and directories. Invariant: `*` stands for text that no shell would act on; an argument
// with a shell's metacharacters is allowed only where the pattern spells them out; and where a command or a directory is
// meant, `*` stays within one name of the path. Matching takes time in proportion to pattern
// times text, never more, because the text comes from whoever wants to run something.

/** bash(1), DEFINITIONS: metacharacters, without blanks; and those of expansion and escape. Quotes and globs start nothing. */
const metacharactersForm = /[|&;()<>$`\\\r\n]/;

/** Whether a shell would do more with an argument than pass it on. */
export function hasMetacharacter(text: string): boolean {
  return metacharactersForm.test(text);
}

/** Whether `*` may stand for this character. */
type Fits = (character: string) => boolean;

const inArgument: Fits = (character) => !hasMetacharacter(character);
const inName: Fits = (character) => character !== '/';
const inCommand: Fits = (character) => inArgument(character) && inName(character);

/** Whether a path goes up again, so that it is not what the names before seem to say. */
export function goesUp(path: string): boolean {
  return path.split('/').includes('..');
}

/** Matches a text in which each `*` of the pattern stands for any run of characters that fit. */
function matches(pattern: string, text: string, fits: Fits): boolean {
  let [at, next] = [0, 0];
  let star: { readonly pattern: number; readonly text: number } | undefined;
  while (next < text.length) {
    if (pattern[at] === '*') {
      star = { pattern: at + 1, text: next };
      at += 1;
    } else if (pattern[at] === text[next]) {
      at += 1;
      next += 1;
    } else {
      // Back to the last star, which takes one character more; earlier stars need no second look.
      if (star === undefined || !fits(text[star.text] ?? '')) return false;
      star = { pattern: star.pattern, text: star.text + 1 };
      at = star.pattern;
      next = star.text;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}

/**
 * Whether an argv is what the patterns list: one for each argument, and `**` at the end for any further ones. The first is
 * the command, in which `*` is one name, and which never goes up (`..`); in others `*` is any text, `/` and `..` too.
 */
export function argvMatches(patterns: readonly string[], argv: readonly string[]): boolean {
  const isOpen = patterns.at(-1) === '**';
  const fixed = isOpen ? patterns.slice(0, -1) : patterns;
  if (argv.length < fixed.length || (!isOpen && argv.length > fixed.length)) return false;
  return argv.every((argument, i) => {
    const pattern = fixed[i];
    if (pattern === undefined) return !hasMetacharacter(argument);
    return i > 0 ? matches(pattern, argument, inArgument) : !goesUp(argument) && matches(pattern, argument, inCommand);
  });
}

/** Whether a directory is one that the pattern names: `*` within one name, a last `/**` for the directory and all below it. */
export function directoryMatches(pattern: string, directory: string): boolean {
  if (!pattern.endsWith('/**')) return matches(pattern, directory, inName);
  const names = pattern.slice(0, -'/**'.length).split('/');
  return matches(names.join('/'), directory.split('/').slice(0, names.length).join('/'), inName);
}
