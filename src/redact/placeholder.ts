// What stands where a secret would stand and is none. Invariant: a value that says nothing about the secret, because
// it names a variable, a type, a state or nothing at all, is left as it is; so is a value that is masked already.

// Each alternative must take the whole value. What nobody would have as a password, wherever it stands:
const anywhere: readonly string[] = [
  String.raw`<[^<>]*>`, String.raw`\$?\{\{[^{}]*\}\}`, String.raw`\{\s*\}`, String.raw`\[\s*\]`,
  String.raw`\$(?:env:)?[A-Z_][A-Z0-9_]*`, String.raw`\$\{(?:env:)?[A-Z_][A-Z0-9_]*\}`,
  String.raw`[*•]+`, String.raw`\*{4,}\w{1,4}`, String.raw`[.…]+`, String.raw`-+`, '_+', '__[A-Z_]{1,64}__', '#+', '[xX]{3,}', String.raw`\?+`,
  String.raw`(?:\[|\()?(?:[Rr]edacted|REDACTED|[Mm]asked|MASKED|[Hh]idden|HIDDEN|[Ff]iltered|FILTERED|[Oo]mitted)(?:\]|\))?`,
  String.raw`(?:[Yy]our|YOUR)[_-][A-Za-z_-]*`,
  String.raw`arn:aws[\w-]*:.*`, String.raw`op://.*`, String.raw`"?\[redacted:[a-z0-9-]+:[0-9a-f]{8}\]"?`,
  String.raw`(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-[\w-]+|sk-[a-z0-9-]+@openssh\.com)(?:\s.*)?`, String.raw`-----BEGIN (?:[A-Z0-9 ]*PUBLIC KEY|CERTIFICATE)-----[^]*`,
  String.raw`-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----`,
];
// In a shell's line, a template or a document:
const inText: readonly string[] = [
  String.raw`\$?\{[^{}"]*\}`, String.raw`\$\([^()]*\)`, '`[^`]*`',
  String.raw`\$(?:env:)?(?:[a-z_]+|\d)`, String.raw`%[A-Za-z_]+%`, String.raw`%[sdvqr]`, String.raw`:[a-z_]+`,
  String.raw`[Yy](?:our|OUR)[A-Za-z_ -]*`, String.raw`(?:[Ii]nsert|INSERT|[Ee]nter|ENTER|[Rr]eplace|REPLACE)[A-Za-z]*[_ -][A-Za-z_ -]*`,
];
const standIn = new RegExp(`^\\s*(?:${anywhere.join('|')})\\s*$`);
const standInOfText = new RegExp(`^\\s*(?:${[...anywhere, ...inText].join('|')})\\s*$`);
const state = /^\s*(?:null|nil|none|undefined|true|false|yes|no|on|off|empty|unset|n\/a|nan)?\s*$/i;

/** Characters; what is longer is no placeholder, whatever it holds. */
const placeholderCharsMax = 200;

/**
 * Whether a value that a secret's name announces is no secret. `isGiven`: it is an entry of a map or an argument, where
 * nothing is a variable or a template.
 */
export function isPlaceholder(value: string, isGiven = false): boolean {
  return value.length <= placeholderCharsMax && (state.test(value) || (isGiven ? standIn : standInOfText).test(value));
}

// A file's place, which may be the secret's; capitals make it base64 unless the last part has an ending.
const path = /^(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\]?[a-z0-9._-]+)?(?:[/\\][a-z0-9._-]+)+$|^[\w.~:@ -]*(?:[/\\][\w.@ -]+)+\.[a-z]{2,5}$/;

/** Whether a value is the place of a file. */
export function isPath(value: string): boolean {
  return value.length <= placeholderCharsMax && path.test(value);
}

const mixedWord = /^(?=[^]*\d)(?=[^]*[A-Za-z])\S{7,}$/;
const schemeBefore = /^(?:bearer|basic|token)\s+(?=\S+$)/i;

/** Whether a value looks like a secret of itself: one word of letters and digits that is no file's place. */
export function looksSecret(value: string): boolean {
  const word = value.trim().replace(schemeBefore, '');
  return mixedWord.test(word) && !isPath(word) && !/^(?:[a-z]+[-_.])*[a-z]+[-_.]?[a-z]?\d{1,3}$|^(?:SHA256|MD5):|^\d{4}-\d\d-\d\d|:\/\//.test(word);
}

// Behind `token:` in a sentence, in a type or in an error: what is said about it, not what it is.
const prose = new RegExp(`^(?:${[
  'required|missing|expired|invalid|incorrect|wrong|denied|refused|failed|failure|failing|error|ok|unknown|unexpected|not|is|was|are|has|must|may',
  'should|can|will|cannot|changed|reset|set|unset|updated|rotated|revoked|rejected|accepted|valid|verified|mismatch|found|provided|given|needed',
  'optional|disabled|enabled|enforced|default|the|a|an|this|that|and|or|for|to|from|in|of|with|by|at|if|when|please|see|use|using|too|short|long',
  'flag|option|string|str|text|varchar|number|int|integer|bool|boolean|any|object|bytes|char|unknown|never|void|self|this|var|let|const|function',
  'async|await|new|return|typeof|eof|end|begin|got|scheme|bearer|basic|inherit|prompt|stdin|env|read|write|files',
].join('|')})$`, 'i');

/** Whether an unquoted word behind a name is a word of a sentence or of a type. */
export function isProse(word: string): boolean {
  return word.length <= 12 && prose.test(word.replace(/[.!?…]+$/, ''));
}

// `token=t.token`, `password=process.env.PW`: a place in a program, not a value.
const memberPath = /^[A-Za-z_$]{1,24}(?:\??\.[A-Za-z_$]{1,24}){1,6}$/;

// `f(x)`, `a[0].b`, `f(`: a call's or an index's brackets end it, those of a password stand anywhere.
const bracketed = /^[A-Za-z_$](?:[\w$.]|\?\.|::)*(?:[([](?:.*[)\]](?:$|[.?([])|[^)\]]*$)|\{$|\$\{)/;

/** Whether an unquoted value is code, `next` being the character behind it. */
export function isCode(value: string, next: string): boolean {
  if (next === '(' || next === '[') return /^[A-Za-z_$][\w$.]*$/.test(value);
  if (/[([{]/.test(value)) return bracketed.test(value);
  return memberPath.test(value) || (/^[A-Za-z_$]{1,2}$/.test(value) && /^[,;)}\]?]$/.test(next));
}
