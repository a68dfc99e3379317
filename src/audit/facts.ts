import type { ImageSymbolRow, UnitRow } from '../index/reader.js';
import type { KlpRelaSection, MalformedName, ReferenceTarget } from '../livepatch/references.js';
import type { ReachAnswer } from '../reach/affected.js';
import type { UnitFunction } from '../reach/unit-function.js';
import type { Unknown } from '../reach/unknowns.js';
import type { StaleList } from './symbol-lists.js';

/** A function that the fix changes, and what that reaches. */
export interface ChangedFunction {
  readonly name: string;
  readonly file: string;
  /** 0 where it is not known. */
  readonly line: number;
  /** How it was found: read from the sources, or guessed from hunk headers and dumps. */
  readonly how: 'parsed' | 'recovered' | 'guessed' | 'named';
  readonly notes: readonly string[];
  /** Empty where the index has no such function. */
  readonly answers: readonly ReachAnswer[];
}

/** A part of the fix that no function holds. */
export interface UntraceableChange {
  readonly file: string;
  readonly line: number;
  readonly kind: string;
  readonly name?: string;
  /** Functions of the same file that use what changed. */
  readonly users: readonly string[];
}

/** A function of the patch set: a copy of changed code runs in it, or it calls a clone that has one. */
export interface Required {
  readonly unit: UnitRow;
  readonly function: UnitFunction;
  /** The changed function that leads here. */
  readonly changed: ChangedFunction;
  /** The chain, in words. */
  readonly why: string;
}

/** A function that calls one that cannot be redirected, and has to be replaced in its stead. */
export interface StandIn extends Required {
  /** The function that it stands in for. */
  readonly blocked: Required;
}

/** A function that the livepatch names, and which symbols that can mean. */
export interface Target {
  readonly object: string;
  readonly name: string;
  /** As `klp_func.old_sympos`: 0 for "the only one". */
  readonly sympos: number;
  /** `FILE` or `FILE:LINE`. */
  readonly where: string;
  /** The symbols of that name in the object, by position. */
  readonly candidates: readonly ImageSymbolRow[];
  /** The one it means; undefined where there is none, or more than one. */
  readonly symbol?: ImageSymbolRow;
  /** Symbols of that name in other objects. */
  readonly elsewhere: readonly ImageSymbolRow[];
  /** What became of functions of that name in the dumps; undefined where none has it. */
  readonly fate?: TargetFate;
}

/** A name as the dumps know it. */
export interface TargetFate {
  /** Hosts of its code, where it has no symbol of its own. */
  readonly hosts: readonly string[];
  /** Emitted clones of it. */
  readonly clones: readonly string[];
  /** Whether the name itself is a clone's. */
  readonly isClone: boolean;
}

/** A symbol that the livepatch refers to, and which symbols that can mean. */
export interface Reference {
  readonly said: ReferenceTarget;
  /** How the livepatch marks references that the module loader cannot resolve. */
  readonly dialect: 'full' | 'minimal' | 'converted' | 'none';
  /** The object that is to have it, as the kernel names it; undefined for a plain undefined symbol. */
  readonly object?: string;
  /** The symbols of that name in the object (in any, for a plain undefined one), by position. */
  readonly candidates: readonly ImageSymbolRow[];
  /** The one it means; undefined where there is none, or more than one. */
  readonly symbol?: ImageSymbolRow;
  /** Symbols of that name in other objects. */
  readonly elsewhere: readonly ImageSymbolRow[];
  readonly fate?: TargetFate;
  /** The objects that export it. */
  readonly exporters: readonly string[];
  /** The candidates in the files of the fix, or of what the livepatch patches. */
  readonly suggested: readonly ImageSymbolRow[];
}

/** All that an audit looks at. */
export interface AuditFacts {
  readonly build: string;
  readonly changed: readonly ChangedFunction[];
  readonly untraceable: readonly UntraceableChange[];
  /** Undefined where no livepatch was given: what one will have to patch is all there is to say then. */
  readonly targets?: readonly Target[];
  /** Whether the index has linked objects to look targets up in. */
  readonly imagesKnown: ReadonlySet<string>;
  /** The patch set: every function once. */
  readonly required: readonly Required[];
  readonly unknown: readonly Unknown[];
  readonly references: readonly Reference[];
  readonly relaSections: readonly (KlpRelaSection & { readonly file: string })[];
  readonly malformed: readonly MalformedName[];
  readonly staleLists: readonly StaleList[];
  /** Who has to be replaced in the stead of the functions of the patch set that cannot be redirected. */
  readonly standIns: readonly StandIn[];
}
