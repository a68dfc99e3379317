/** What klp-reach says of one function of one unit. Every member is `unit:symbol`, by any name of its body. */
export interface Answer {
  readonly patch: ReadonlySet<string>;
  readonly clone: ReadonlySet<string>;
  readonly blocked: ReadonlySet<string>;
  readonly init: ReadonlySet<string>;
  readonly discarded: ReadonlySet<string>;
  readonly gone: ReadonlySet<string>;
  readonly complete: boolean;
}

/** Gives nothing where the unit has no such function. */
export type Ask = (unit: string, symbol: string) => Answer | undefined;
