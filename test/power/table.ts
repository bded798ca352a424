/** What came of power losses, as a table. */
import type { Loss } from './suite.js';

/** Problems that mean that something acknowledged is gone, doubled or changed, or is called tampered with. */
const isLost = /is lost|recorded twice|was acknowledged as|another MAC|not what was sent|never sent|the key is gone/;

/** Of acknowledged events something is missing, double or changed. */
export function losesSomething({ problems }: Loss): boolean {
  return problems.some((problem) => isLost.test(problem));
}

function cells(name: string, losses: readonly Loss[]): string {
  const sum = (of: (loss: Loss) => number): number => losses.reduce((total, loss) => total + of(loss), 0);
  const numbers = [
    losses.length, `${sum(({ kept }) => kept)} of ${sum(({ sectors }) => sectors)}`, sum(({ acknowledged }) => acknowledged),
    sum((loss) => (losesSomething(loss) ? 1 : 0)), sum((loss) => (loss.problems.length > 0 && !losesSomething(loss) ? 1 : 0)),
    sum(({ found }) => (found?.isWhole === false ? 1 : 0)), sum(({ found }) => found?.adopted ?? 0),
    sum(({ found }) => found?.torn ?? 0), sum(({ found }) => found?.zeros ?? 0),
  ];
  return `| ${name} | ${numbers.join(' | ')} |`;
}

/** A row for each pair of modes and each kind of journal. */
export function formatTable(losses: readonly Loss[]): string {
  const names = new Map<string, Loss[]>();
  for (const loss of losses) {
    const { setting: { sync, headSync, journal } } = loss;
    for (const name of [`${sync}, keys synced ${headSync === 'always' ? 'always' : 'every second'}`, `\`data=${journal}\``]) {
      names.set(name, [...(names.get(name) ?? []), loss]);
    }
  }
  return [
    '| | power losses | unflushed sectors kept | acknowledged events looked for | lost | otherwise wrong | filesystem mended first | lines adopted | torn ends cut off | of them with zeros |',
    '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...[...names].sort(([a], [b]) => Number(a.startsWith('`')) - Number(b.startsWith('`')) || a.localeCompare(b)).map(([name, some]) => cells(name, some)),
    cells('all', losses),
  ].join('\n');
}
