// One field of a shape: its type, and what becomes of it when an event leaves it out. Invariant: a field that may be
// null on input says so by its presence, and null in any other field is a violation.
import type { JsonValue } from './json.js';
import type { Mint, Type, ValueOf } from './type.js';

/** `nullable`: may be absent or null. `optional`: may be absent, and is never null. */
export type Presence = 'required' | 'optional' | 'nullable';

/** What the record has where the event has nothing; `value` gives it, `label` names it in tables. */
export type Absence =
  | { readonly kind: 'refused' }
  | { readonly kind: 'filled'; readonly label: string; readonly value: (mint: Mint) => JsonValue }
  | { readonly kind: 'omitted' }
  /** As sent: nothing stays nothing, null stays null. */
  | { readonly kind: 'kept' };

/** `T` is what a TypeScript caller may pass, `P` whether it has to. */
export interface Field<T, P extends Presence = Presence> {
  readonly type: Type<T>;
  readonly presence: P;
  readonly absence: Absence;
}

/** Fields by name, in the order in which the record has them. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

type Named<F extends Fields, P extends Presence> = { [K in keyof F]: F[K]['presence'] extends P ? K : never }[keyof F];

/** What a TypeScript caller may pass as a map of these fields. */
export type FieldValues<F extends Fields> = Flat<
  & { readonly [K in Named<F, 'required'>]: ValueOf<F[K]['type']> }
  & { readonly [K in Named<F, 'optional'>]?: ValueOf<F[K]['type']> | undefined }
  & { readonly [K in Named<F, 'nullable'>]?: ValueOf<F[K]['type']> | null | undefined }
>;

/** An intersection as one map, so that a compiler's message shows fields and not how they were put together. */
export type Flat<T> = { [K in keyof T]: T[K] };

export function required<T>(type: Type<T>): Field<T, 'required'> {
  return { type, presence: 'required', absence: { kind: 'refused' } };
}

/** Always written, with null when absent. */
export function orNull<T>(type: Type<T>): Field<T, 'nullable'> {
  return { type, presence: 'nullable', absence: { kind: 'filled', label: 'null', value: () => null } };
}

/** Left out of the record when absent or null. */
export function orOmitted<T>(type: Type<T>): Field<T, 'nullable'> {
  return { type, presence: 'nullable', absence: { kind: 'omitted' } };
}

/** Checked when it has a value, and otherwise recorded as sent. */
export function orAsSent<T>(type: Type<T>): Field<T, 'nullable'> {
  return { type, presence: 'nullable', absence: { kind: 'kept' } };
}

/** Always written, with `value` when absent. */
export function orElse<T>(type: Type<T>, value: JsonValue): Field<T, 'optional'> {
  return { type, presence: 'optional', absence: { kind: 'filled', label: JSON.stringify(value), value: () => value } };
}

/** Always written, with a value made for this event when absent. */
export function orAssigned<T>(type: Type<T>, label: string, value: (mint: Mint) => JsonValue): Field<T, 'optional'> {
  return { type, presence: 'optional', absence: { kind: 'filled', label, value } };
}

/** A field as tables show it: `?` if it may be absent or null, `=` and what the record has then, nothing if it is left out. */
export function fieldLabel(name: string, { type, presence, absence }: Field<unknown>): string {
  const filled = absence.kind === 'filled' ? ` = ${absence.label}` : '';
  return `\`${name}\`${presence === 'nullable' ? '?' : ''} ${type.label}${filled}`;
}
