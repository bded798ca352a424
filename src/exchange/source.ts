// The systems that people move over from, under the names that commands know. Invariant: a source's lines are events of
// one profile, each in its own shape, one JSON object a line.

export const sources = [
  { name: 'mvm-local', profile: 'mvm.local', signed: false },
  { name: 'mvm-tenant', profile: 'mvm.tenant', signed: false },
  { name: 'codetether', profile: 'codetether', signed: false },
  { name: 'x0x', profile: 'x0x.exec', signed: false },
  { name: 'tryaudex', profile: 'tryaudex', signed: true },
] as const;

/** One of them; `signed`: its lines may end in a chained HMAC. */
export type Source = (typeof sources)[number];
export type SourceName = Source['name'];

export const sourceNames: readonly SourceName[] = sources.map(({ name }) => name);

export function sourceNamed(name: string): Source | undefined {
  return sources.find((source) => source.name === name);
}
