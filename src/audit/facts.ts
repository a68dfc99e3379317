import type { ImageSymbolRow } from '../index/reader.js';
import type { KernelIdentity } from '../kernel/identity.js';
import type {
  KlpRelaSection,
  MalformedName,
  ModuleKernel,
  ReferenceTarget,
} from '../livepatch/references.js';
import type { Member, ReachAnswer, Unknown } from '../reach/answer.js';
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
  /** The dumps of the units of its source, where nothing of them mentions it. */
  readonly unmentionedBy: readonly string[];
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

/** A body of the patch set. */
export interface Required {
  readonly member: Member;
  /** The changed function that leads here: the first, where several do. */
  readonly changed: ChangedFunction;
  /** The chain, in words. */
  readonly why: string;
  /** The stuck member that it calls, for one that has no copy of changed code itself. */
  readonly callee?: Member;
  /** Of a stuck member: those that call it. */
  readonly callers: readonly Member[];
}

/** A function that the livepatch names, and which symbols that can mean. */
export interface Target {
  readonly object: string;
  readonly name: string;
  /** As `klp_func.old_sympos`: 0 for "the only one". */
  readonly sympos: number;
  /** What it is patched under, where the build does not tell whether that holds. */
  readonly condition?: string;
  /** `FILE` or `FILE:LINE`. */
  readonly where: string;
  /** The symbols of that name in the object, by position. */
  readonly candidates: readonly ImageSymbolRow[];
  /** The one it means; undefined where there is none, or more than one. */
  readonly symbol?: ImageSymbolRow;
  /** Symbols of that name in other objects. */
  readonly elsewhere: readonly ImageSymbolRow[];
  /** What the symbol's body is to a livepatch; undefined for one that belongs to no unit. */
  readonly member?: Member;
  /** What became of functions of that name; undefined where no unit has it, or `member` tells. */
  readonly fate?: NameFate;
}

/** A name without a symbol, as the units know it. */
export interface NameFate {
  /** Functions that hold its code. */
  readonly hosts: readonly string[];
  /** Emitted clones of it. */
  readonly clones: readonly string[];
  /** Whether the name itself is a clone's. */
  readonly isClone: boolean;
  /** The binary that has it and that livepatch cannot reach, in words: `the vDSO`. */
  readonly binary?: string;
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
  readonly fate?: NameFate;
  /** The objects that export it. */
  readonly exporters: readonly string[];
  /** The candidates in the files of the fix, or of what the livepatch patches. */
  readonly suggested: readonly ImageSymbolRow[];
}

/** An entry of a livepatch that the build's configuration leaves out. */
export interface SwitchedOff {
  readonly object: string;
  readonly name: string;
  readonly condition: string;
  readonly where: string;
}

/** A module of the livepatch, and the kernel that it is for. */
export type LivepatchKernel = ModuleKernel & { readonly file: string };

/** All that an audit looks at. */
export interface AuditFacts {
  readonly build: string;
  /** The kernel that was built. */
  readonly kernel: KernelIdentity;
  /** The kernels that the livepatch's modules are for. */
  readonly livepatchKernels: readonly LivepatchKernel[];
  readonly changed: readonly ChangedFunction[];
  readonly untraceable: readonly UntraceableChange[];
  /** Undefined where no livepatch was given: what one will have to patch is all there is to say then. */
  readonly targets?: readonly Target[];
  /** Entries that are none in this build. */
  readonly switchedOff: readonly SwitchedOff[];
  /** Whether the index has linked objects to look targets up in. */
  readonly imagesKnown: ReadonlySet<string>;
  /** The union of the changed functions' patch sets: every body once, whatever it is to a livepatch. */
  readonly required: readonly Required[];
  /** What the answers rest on and nothing tells: each once. */
  readonly unknowns: readonly Unknown[];
  readonly references: readonly Reference[];
  readonly relaSections: readonly (KlpRelaSection & { readonly file: string })[];
  readonly malformed: readonly MalformedName[];
  readonly staleLists: readonly StaleList[];
}
