// Amounts as people read them.

const spans = [['d', 86_400_000], ['h', 3_600_000], ['min', 60_000], ['s', 1000]] as const;

/** A length of time for people: `3.5 min`. */
export function spanText(ms: number): string {
  const [unit, size] = spans.find(([, atLeast]) => Math.abs(ms) >= atLeast) ?? ['ms', 1];
  return `${Number((ms / size).toFixed(ms / size < 10 && unit !== 'ms' ? 1 : 0))} ${unit}`;
}

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A size for people: `1.5 GiB`. */
export function bytesText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10));
  return `${power === 0 ? Math.round(bytes) : (bytes / 1024 ** power).toFixed(1)} ${units[power] ?? ''}`;
}

/** `1 client`, `2 clients`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
