// The version of this package, as package.json says it.
import { readFileSync } from 'node:fs';

interface Package {
  readonly version: string;
}

export const version: string = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as Package).version;
