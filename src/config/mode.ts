// Permission bits of a socket file, as people write them.

/** Octal permission bits. @throws Error naming the variable */
export function parseMode(name: string, text: string): number {
  if (!/^0?[0-7]{3}$/.test(text)) throw new Error(`"${name}" should be an octal mode such as 0660, found ${JSON.stringify(text)}`);
  return Number.parseInt(text, 8);
}
