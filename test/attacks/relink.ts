// Lines given new places: numbered, linked and MAC'd anew with the stolen key, as one who rewrites the past must.
import { macTail, macTailBytes } from '../../src/chain/link.js';
import { formatKeyName } from '../../src/keys/name.js';
import type { Link } from '../../src/log/record.js';
import { sealedWith } from './line.js';
import { stolenWalker } from './toolkit.js';
import type { Victim } from './victim.js';

/** Where the digits begin in a line's last bytes. */
const digitsAt = macTail('').indexOf('"}');

/** Lines behind `after`: under the key names they have, or under the thief's own from his key on. */
export function relinked(lines: readonly Buffer[], after: Link, victim: Victim, ownNames: boolean): readonly Buffer[] {
  const walker = stolenWalker(victim);
  let prev = after.mac;
  return lines.map((bytes, index) => {
    let text = bytes.toString('utf8', 0, bytes.length - 1).replace(/^\{"seq":\d+/, `{"seq":${after.seq + 1 + index}`)
      .replace(/,"prev":"[0-9a-f]{64}"(?=,"mac":"[0-9a-f]{64}"\}$)/, `,"prev":"${prev}"`);
    if (ownNames) text = text.replace(/"key":"[\d.]+/, `"key":"${formatKeyName(walker.name)}`);
    const line = sealedWith(Buffer.from(text), walker.step);
    if (line.length > macTailBytes) prev = line.toString('latin1', line.length - macTailBytes + digitsAt, line.length - 2);
    if (ownNames && !/^.{0,160}"key":"[\d.]+\+"/.test(text)) walker.evolve(text.includes('"profile":"indelible","kind":"seal"'));
    return Buffer.concat([line, Buffer.from('\n')]);
  });
}
