// What came of it, for people and for programs. Invariant: both say the same.
import { residuals } from './attack.js';
import type { Residual, ResidualName } from './attack.js';
import type { Outcome, Tally } from './run.js';

/** Misses shown to people. */
const missesShownMax = 40;

function rows(tallies: readonly Tally[]): readonly (readonly string[])[] {
  const cells = (name: string, t: Omit<Tally, 'family' | 'name'>): readonly string[] => [
    name, String(t.tried), String(t.found), String(t.residual), String(t.missed), `${t.publicFound} of ${t.publicTried}`,
  ];
  const families = [...new Set(tallies.map(({ family }) => family))];
  const all = families.flatMap((family) => {
    const own = tallies.filter((tally) => tally.family === family);
    return [cells(family, total(own)), ...own.map((tally) => cells(`  ${tally.name}`, tally))];
  });
  return [['class', 'tried', 'found', 'residual', 'missed', 'by public key'], ...all, cells('all', total(tallies))];
}

/** The sum over all classes. */
export function total(tallies: readonly Tally[]): Omit<Tally, 'family' | 'name'> {
  const sum = (of: (tally: Tally) => number): number => tallies.reduce((all, tally) => all + of(tally), 0);
  return {
    tried: sum(({ tried }) => tried), found: sum(({ found }) => found),
    missed: sum(({ missed }) => missed), residual: sum(({ residual }) => residual),
    publicTried: sum(({ publicTried }) => publicTried), publicFound: sum(({ publicFound }) => publicFound),
  };
}

/** Classes of which nothing was tried. */
export function untried(outcome: Outcome): readonly string[] {
  return outcome.tallies.filter(({ tried }) => tried === 0).map(({ name }) => name);
}

/** Whether nothing was missed and everything was tried. */
export function isClean(outcome: Outcome): boolean {
  return outcome.misses.length === 0 && untried(outcome).length === 0;
}

/** The table. */
export function tableText(outcome: Outcome): string {
  const lines = rows(outcome.tallies);
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0))) ?? [];
  const text = lines.map((cells) => cells.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ').trimEnd());
  text.push('', `${outcome.throughCommand} of them were also shown to the command; the slowest took ${Math.round(outcome.slowest.ms)} ms (${outcome.slowest.what})`);
  if (outcome.residuals.size > 0) text.push('', 'Residuals: what verification with the key alone does not call tampering');
  for (const [name, count] of outcome.residuals) {
    const { reason, foundBy }: Residual = residuals[name];
    text.push(`  ${name} (${count}): ${reason}${foundBy === 'nothing' ? '' : `; found by ${foundBy}, every time`}`);
  }
  for (const name of untried(outcome)) text.push('', `NOT TRIED: ${name}`);
  if (outcome.misses.length > 0) text.push('', `MISSED: ${outcome.misses.length}`);
  for (const { attack, log, what, why } of outcome.misses.slice(0, missesShownMax)) text.push(`  ${attack} (${log}): ${what}: ${why}`);
  return `${text.join('\n')}\n`;
}

/** The same as a value. */
export function tableJson(outcome: Outcome, seed: number): object {
  const named = (name: ResidualName): Residual => residuals[name];
  return {
    seed, clean: isClean(outcome), total: total(outcome.tallies), classes: outcome.tallies,
    residuals: [...outcome.residuals].map(([name, count]) => ({ name, count, ...named(name) })),
    through_command: outcome.throughCommand, slowest: outcome.slowest, misses: outcome.misses, untried: untried(outcome),
  };
}
