/** What the generator says of the programs that it makes. */

/** How a function is called: f(x, k), f(&pair, k), f(count, ...), or a call that never returns. */
export type Signature = 'scalar' | 'pair' | 'variadic' | 'noreturn';

export type Linkage = 'static' | 'global' | 'weak' | 'extern inline';

export type Trait =
  | 'inline'
  | 'always_inline'
  | 'noinline'
  | 'noipa'
  | 'noclone'
  | 'flatten'
  | 'cold'
  | 'hot'
  | 'used'
  | 'notrace'
  | 'init'
  | 'target_clones'
  | 'simd';

export interface Alias {
  readonly name: string;
  readonly linkage: 'static' | 'global' | 'weak';
}

export interface SourceFunction {
  /** What its markers carry. Functions with equal bodies share one; without markers there is none. */
  readonly id: number | undefined;
  /** Its name in C. A weak definition and the one that it loses to have the same. */
  readonly name: string;
  /** Its name for the assembler, which an asm label changes. */
  readonly symbol: string;
  /** Where it is defined: a unit, or the header. */
  readonly file: string;
  readonly linkage: Linkage;
  readonly signature: Signature;
  readonly traits: ReadonlySet<Trait>;
  readonly aliases: readonly Alias[];
  /** The names that its body calls, in C. */
  readonly calls: readonly string[];
  /** The lines of its body. */
  readonly body: readonly string[];
}

export interface Program {
  readonly seed: number;
  /**
   * Whether conditions around calls can be decided when a caller's constants are known. Then the compiler can delete
   * code again that it has copied, and a target without the marker is no mistake.
   */
  readonly decidable: boolean;
  /** File name -> text. */
  readonly files: Readonly<Record<string, string>>;
  /** The files to compile. */
  readonly units: readonly string[];
  readonly functions: readonly SourceFunction[];
}

export const HEADER = 'common.h';
