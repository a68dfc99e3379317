/**
 * Whether the files of one unit are of one compilation (DOMAIN 4a). Every check holds without exception on the units of
 * two kernels (3,121 each), so that a breach means a file that is stale, foreign, cut or damaged.
 *
 * Names are ids of the reader's table.
 */
import type { CallFacts as CallgraphInfo } from '../callgraph/ci.js';
import type { NearCalls } from '../callgraph/near-calls.js';
import type { FunctionTable } from '../dump/function-table.js';
import type { DumpFacts } from '../dump/parse.js';
import { INLINING } from '../dump/record.js';
import { stemOf } from '../input/roles.js';
import { type Bodies, Role } from '../symbols/bodies.js';
import type { ObjectEvidence } from '../symbols/object-evidence.js';
import { type Problem, type ProblemCode, problemOf } from './problems.js';

/** An object, as far as the checks look at it. */
export interface ObjectToCheck extends ObjectEvidence {
  readonly file: string;
  /** Symbol -> name. */
  readonly name: Int32Array;
  /** The same in words. */
  readonly symbols: readonly string[];
  readonly code: Bodies;
  readonly near: NearCalls;
}

/** A call graph of GCC's. */
export interface CallsToCheck {
  readonly file: string;
  readonly graph: CallgraphInfo;
  /** The graph's names -> names. */
  readonly names: Int32Array;
  /** Its functions in the reader's table. */
  readonly functions: Int32Array;
}

export interface UnitToCheck {
  readonly table: FunctionTable;
  /** The dump's name in the build. */
  readonly unit: string;
  readonly dumpFile: string;
  readonly dump: DumpFacts;
  readonly object: ObjectToCheck | undefined;
  readonly calls: CallsToCheck | undefined;
  /** Names of the dump that are called otherwise where the code is, and how there. */
  readonly renamed: { readonly name: Int32Array; readonly own: Int32Array };
}

/** A clone whose record no GCC leaves out (DOMAIN 4a); others are made under names that source code can have too. */
const CLONE = /\.(?:isra|constprop|part)\.\d+$/;
const PART = /^(.+)\.part\.\d+$/;
/** Names of the dumps that link-time optimisation writes (gcc/lto-wrapper.cc). */
const LTO_STEM = /\.(?:wpa|ltrans\d*)$/;

/** What speaks against the unit's files, nothing for nearly all units. */
export function checkUnit(unit: UnitToCheck): Problem[] {
  const stem = stemOf(unit.unit);
  if (LTO_STEM.test(stem)) return problemOf('dump-lto', unit.dumpFile, null, [baseName(stem)]);
  const { object } = unit;
  // What the linker compiles again, no file of the unit tells of.
  if (object?.isLto) return problemOf('object-lto', object.file, null, [baseName(stem)]);
  return [...new UnitChecker(unit, baseName(stem)).problems()];
}

class UnitChecker {
  readonly #unit: UnitToCheck;
  readonly #source: string;
  readonly #texts: readonly string[];
  /** Name -> the names whose code went into it: inlined into it, or what it is a clone of. */
  readonly #from = new Map<number, number[]>();
  /** Names that some record has as the original. */
  readonly #originals = new Set<number>();
  /** Names that a clone record makes out of a function of another name. */
  readonly #clones = new Set<number>();
  /** Name -> whether removal records name all of its nodes. */
  readonly #removed = new Map<number, boolean>();
  /** Name -> all names whose code is in it, once it was asked for. */
  readonly #inside = new Map<number, Set<number>>();
  /** Name -> other names of it in the dump. */
  readonly #otherNames = new Map<number, number[]>();

  constructor(unit: UnitToCheck, source: string) {
    this.#unit = unit;
    this.#source = source;
    this.#texts = unit.table.names;
    this.#readDump();
    const { name, own } = unit.renamed;
    for (let i = 0; i < name.length; i++) {
      this.#otherNames.set(own[i]!, [...(this.#otherNames.get(own[i]!) ?? []), name[i]!]);
    }
  }

  *problems(): Generator<Problem> {
    const { object, calls } = this.#unit;
    if (object) {
      yield* this.#sourceOfObject(object);
      yield* this.#emission(object);
    }
    if (calls) {
      yield* this.#sourceOfCalls(calls);
      yield* this.#places(calls);
      yield* this.#copies(calls);
    }
    if (object && calls) {
      yield* this.#functions(object, calls);
      yield* this.#calls(object, calls);
    }
  }

  #readDump(): void {
    const { dump, table } = this.#unit;
    const { functions } = table;
    const name = dump.nodeFunction.map((f) => functions[f * 4]!);
    for (let node = 0; node < name.length; node++) {
      const before = this.#removed.get(name[node]!) ?? true;
      this.#removed.set(name[node]!, before && dump.nodeRemoved[node] === 1);
    }
    const inlining = table.kind(INLINING);
    for (let edge = 0; edge < dump.edgeKind.length; edge++) {
      const from = name[dump.edgeSrc[edge]!]!;
      const to = name[dump.edgeDst[edge]!]!;
      this.#originals.add(from);
      if (dump.edgeKind[edge] !== inlining && from !== to) this.#clones.add(to);
      const known = this.#from.get(to);
      if (!known) this.#from.set(to, [from]);
      else if (known.at(-1) !== from) known.push(from);
    }
  }

  /** A dump named after its output (`-o bar.o foo.c` writes bar.c's) is known by what it declares. */
  *#sourceOfObject({ sources, file }: ObjectToCheck): Generator<Problem> {
    if (sources.length === 0 || sources.includes(this.#source)) return;
    const { calls } = this.#unit;
    const isMeant = calls ? sources.includes(baseName(calls.graph.title)) : this.#declaresIn(sources);
    if (!isMeant) yield* problemOf('object-other-source', file, this.#unit.dumpFile, sources);
  }

  #declaresIn(sources: readonly string[]): boolean {
    const { dump, table } = this.#unit;
    return dump.nodeFunction.some((f) =>
      sources.includes(baseName(table.paths[table.functions[f * 4 + 1]!]!)),
    );
  }

  *#emission({ file, name, code }: ObjectToCheck): Generator<Problem> {
    const { dumpFile } = this.#unit;
    const known = new Set([...name, ...this.#unit.renamed.name]);
    const unrecorded: number[] = [];
    const yetThere: number[] = [];
    for (let symbol = 0; symbol < name.length; symbol++) {
      const id = name[symbol]!;
      if (code.role[symbol] !== Role.function || this.#clones.has(id)) continue;
      if (this.#removed.get(id) === true) yetThere.push(id);
      const text = this.#texts[id]!;
      if (text.includes('.') && CLONE.test(text) && !this.#isOtherwiseClone(id)) unrecorded.push(id);
    }
    yield* this.#about('clone-unrecorded', dumpFile, file, unrecorded);
    yield* this.#about('removed-emitted', dumpFile, file, yetThere);
    const unaccounted: number[] = [];
    for (const [id, removed] of this.#removed) {
      if (!removed && !known.has(id) && !this.#originals.has(id)) unaccounted.push(id);
    }
    yield* this.#about('code-unaccounted', dumpFile, file, unaccounted);
  }

  #isOtherwiseClone(id: number): boolean {
    return this.#otherNames.get(id)?.some((name) => this.#clones.has(name)) === true;
  }

  *#sourceOfCalls({ graph, file }: CallsToCheck): Generator<Problem> {
    const title = baseName(graph.title);
    const sources = this.#unit.object?.sources ?? [];
    if (title === '' || title === this.#source || sources.includes(title)) return;
    yield* problemOf('calls-other-source', file, this.#unit.dumpFile, [title]);
  }

  /** A function that the dump and the call graph both name is declared at the same place. */
  *#places({ graph, functions, names, file }: CallsToCheck): Generator<Problem> {
    const declared = new Set(this.#unit.dump.nodeFunction);
    const elsewhere: number[] = [];
    functions.forEach((f, i) => {
      const name = names[graph.functionName[i]!]!;
      if (!declared.has(f) && this.#removed.has(name)) elsewhere.push(name);
    });
    yield* this.#about('calls-other-place', file, this.#unit.dumpFile, elsewhere);
  }

  /**
   * A call that stands in the source of one function and in the code of another was copied there, which a record says.
   * So was a call of `foo.part.0`, which only foo calls.
   */
  *#copies({ graph, names, file }: CallsToCheck): Generator<Problem> {
    const declared = this.#declarations(graph, names);
    const lacking = new Set<number>();
    // Before all functions that are known: a dump that has some may lack the one that stands there, which was never used.
    const isEmpty = this.#unit.dump.lines === 0;
    const byFile = graph.siteFiles.map((of) => declared.get(of));
    for (let i = 0; i < graph.siteCaller.length; i++) {
      const around = byFile[graph.siteFile[i]!]?.at(graph.siteLine[i]!);
      // A file without functions is one that is included into the middle of a function.
      if (around === undefined || (around.length === 0 && !isEmpty)) continue;
      const caller = names[graph.siteCaller[i]!]!;
      if (!around.includes(caller) && !this.#isIn(caller, around)) lacking.add(caller);
    }
    for (let i = 0; i < graph.callCallee.length; i++) {
      const callee = graph.names[graph.callCallee[i]!]!;
      const whole = callee.includes('.part.') ? PART.exec(callee)?.[1] : undefined;
      if (whole === undefined || graph.callCaller[i] === graph.callCallee[i]) continue;
      const caller = names[graph.callCaller[i]!]!;
      if (!this.#isIn(caller, [this.#unit.table.name(whole)])) lacking.add(caller);
    }
    yield* this.#about('copy-unrecorded', this.#unit.dumpFile, file, [...lacking]);
  }

  /** Functions by the file and the line that they are declared at, of the dump and of the call graph. */
  #declarations(graph: CallgraphInfo, names: Int32Array): Map<string, Declarations> {
    const declared = new Map<string, Declarations>();
    const add = (file: string, line: number, name: number) => {
      let of = declared.get(file);
      if (!of) {
        of = new Declarations();
        declared.set(file, of);
      }
      of.add(line, name);
    };
    const { functions, paths } = this.#unit.table;
    for (const f of this.#unit.dump.nodeFunction) {
      add(paths[functions[f * 4 + 1]!]!, functions[f * 4 + 2]!, functions[f * 4]!);
    }
    graph.functionName.forEach((name, i) => {
      add(graph.functionFile[i]!, graph.functionLine[i]!, names[name]!);
    });
    return declared;
  }

  /** Whether code of one of the functions is in a host, over any number of copies. */
  #isIn(host: number, functions: readonly number[]): boolean {
    let inside = this.#inside.get(host);
    if (!inside) {
      inside = new Set([host, ...(this.#otherNames.get(host) ?? [])]);
      for (const name of inside) for (const from of this.#from.get(name) ?? []) inside.add(from);
      this.#inside.set(host, inside);
    }
    return functions.some((name) => inside.has(name));
  }

  /** What the compiler says that it wrote out is there. */
  *#functions({ file, name }: ObjectToCheck, { graph, names, file: graphFile }: CallsToCheck) {
    const there = new Set(name);
    const told = new Set(Array.from(graph.functionName, (f) => names[f]!));
    yield* this.#about(
      'calls-unknown-function',
      graphFile,
      file,
      [...told].filter((id) => !there.has(id)),
    );
  }

  /** Every call between functions that the graph knows is in it, and every call of a clone. */
  *#calls(object: ObjectToCheck, calls: CallsToCheck): Generator<Problem> {
    const { name, code } = object;
    const lacking = lackingCalls(object, calls).filter(({ isDue }) => isDue || !object.near.isCertain);
    const callers = lacking.map(({ caller }) => name[code.body.indexOf(caller)]!);
    yield* this.#about('calls-lack-call', calls.file, object.file, callers);
  }

  #about(code: ProblemCode, file: string, other: string | null, names: readonly number[]): Problem[] {
    return problemOf(
      code,
      file,
      other,
      names.map((name) => this.#texts[name]!),
    );
  }
}

/** A call that a call graph lacks, by bodies. */
export interface LackingCall {
  readonly caller: number;
  readonly callee: number;
  /** Whether the graph should have it: a call between its functions, or of a clone that it does not know. */
  readonly isDue: boolean;
}

/**
 * Calls that the object's code seems to have and the graph has not. Those of inline assembly are none of GCC's, and
 * nobody else tells of them. Who calls a function that can be replaced is in no patch set: such calls are left out.
 */
export function lackingCalls(
  { name, symbols, code, near }: ObjectToCheck,
  { graph, names }: CallsToCheck,
): LackingCall[] {
  if (near.caller.length === 0) return [];
  const bodyOf = bodiesByName(name, code);
  const ownerOf = (id: number) => {
    const body = bodyOf.get(names[id]!);
    return body === undefined ? -1 : code.bodies.owner[body]!;
  };
  const told = new Set(Array.from(graph.functionName, ownerOf));
  const called = new Set<number>();
  for (let i = 0; i < graph.callCaller.length; i++) {
    called.add(ownerOf(graph.callCaller[i]!) * PAIR + ownerOf(graph.callCallee[i]!));
  }
  const clones = cloneBodies(symbols, code);
  return near.caller.flatMap((caller, i) => {
    const callee = near.callee[i]!;
    if (code.bodies.traceable[callee] === 1 && !clones.has(callee)) return [];
    const isTold = told.has(caller) && told.has(callee);
    if (isTold && called.has(caller * PAIR + callee)) return [];
    return [{ caller, callee, isDue: isTold || (clones.has(callee) && !told.has(callee)) }];
  });
}

function bodiesByName(name: Int32Array, { body }: Bodies): Map<number, number> {
  const bodyOf = new Map<number, number>();
  for (let symbol = 0; symbol < name.length; symbol++) bodyOf.set(name[symbol]!, body[symbol]!);
  return bodyOf;
}

/** Bodies that are clones by a name. */
export function cloneBodies(symbols: readonly string[], code: Bodies): ReadonlySet<number> {
  const clones = new Set<number>();
  symbols.forEach((text, symbol) => {
    if (CLONE.test(text)) clones.add(code.bodies.owner[code.body[symbol]!]!);
  });
  return clones;
}

/** More bodies than this no object has, and the product of two is an exact double. */
const PAIR = 2 ** 26;

/** Functions of one file by their lines. */
class Declarations {
  readonly #byLine = new Map<number, number[]>();
  #lines: number[] | undefined;

  add(line: number, name: number): void {
    const known = this.#byLine.get(line);
    if (!known) this.#byLine.set(line, [name]);
    else if (!known.includes(name)) known.push(name);
    this.#lines = undefined;
  }

  /** The functions that are declared last before a line, or at it; none where it lies before all. */
  at(line: number): readonly number[] {
    this.#lines ??= [...this.#byLine.keys()].sort((a, b) => a - b);
    const lines = this.#lines;
    let low = 0;
    let high = lines.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (lines[middle]! <= line) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? [] : this.#byLine.get(lines[low - 1]!)!;
  }
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
