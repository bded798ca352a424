// Pieces of a text that are secrets. Invariant: what any rule found is covered; where findings meet or overlap there is
// one span, named by the most specific rule that found all of it, else by the most specific of them.

/** Characters `start` to `end` of a text; of two rules the one with the lower `rank` is the more specific. */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly rule: string;
  readonly rank: number;
}

/** A mask, wherever it stands. */
export const maskShape = /\[redacted:[a-z0-9-]+:[0-9a-f]{8}\]/g;

/** Spans in their order, none touching another; masks that stand in the text already stay whole, and stay. */
export function mergeSpans(text: string, spans: readonly Span[]): readonly Span[] {
  if (spans.length === 0) return spans;
  const masks = text.includes('[redacted:') ? masksIn(text) : [];
  const sorted = [...spans, ...masks].sort((a, b) => a.start - b.start || b.end - a.end || a.rank - b.rank);
  const merged: Span[] = [];
  let group: Span[] = [];
  let end = 0;
  const close = (): void => {
    const one = group.length === 0 ? undefined : union(group, end);
    if (one !== undefined) merged.push(one);
  };
  for (const span of sorted) {
    if (group.length > 0 && span.start >= end) {
      close();
      group = [];
    }
    group.push(span);
    end = Math.max(group.length === 1 ? 0 : end, span.end);
  }
  close();
  return merged;
}

/** A mask's rank: behind every rule's. */
const maskRank = Number.MAX_SAFE_INTEGER;

function masksIn(text: string): Span[] {
  return Array.from(text.matchAll(maskShape), ({ 0: { length }, index }) =>
    ({ start: index, end: index + length, rule: '', rank: maskRank }));
}

/** One span for all of a group that ends at `end`, or none where a mask covers it. */
function union(group: readonly Span[], end: number): Span | undefined {
  const start = group[0]?.start ?? 0;
  if (group.some((span) => span.rank === maskRank && span.start === start && span.end === end)) return undefined;
  const whole = group.filter((span) => span.start === start && span.end === end);
  const best = (whole.length > 0 ? whole : group).reduce((a, b) => (b.rank < a.rank ? b : a));
  return { start, end, rule: best.rule, rank: best.rank };
}
