/** How long a cell runs before it is measured, and while it is, milliseconds. */
export interface Times {
  readonly warmMs: number;
  readonly measureMs: number;
}
