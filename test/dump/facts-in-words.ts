import { FunctionTable } from '../../src/dump/function-table.js';
import { type DumpProblem, parseDump } from '../../src/dump/parse.js';
import type { FunctionRef } from '../../src/dump/record.js';

/** A dump's facts with ids spelt out, so that two readings can be compared. */
export interface Facts {
  /** In the order of first mention. */
  readonly nodes: readonly (FunctionRef & { readonly removed: boolean })[];
  readonly edges: readonly {
    readonly seq: number;
    /** As the place in `nodes`. */
    readonly original: number;
    readonly target: number;
    readonly kind: string;
  }[];
  readonly lines: number;
  readonly problems: readonly DumpProblem[];
}

export function factsOf(text: string | Buffer, table = new FunctionTable()): Facts {
  const dump = parseDump(Buffer.from(text), table);
  return {
    nodes: Array.from(dump.nodeFunction, (id, node) => ({
      name: table.names[table.functions[id * 4]!]!,
      order: dump.nodeOrder[node]!,
      file: table.paths[table.functions[id * 4 + 1]!]!,
      line: table.functions[id * 4 + 2]!,
      col: table.functions[id * 4 + 3]!,
      removed: dump.nodeRemoved[node] === 1,
    })),
    edges: Array.from(dump.edgeSeq, (seq, edge) => ({
      seq,
      original: dump.edgeSrc[edge]!,
      target: dump.edgeDst[edge]!,
      kind: table.kinds[dump.edgeKind[edge]!]!,
    })),
    lines: dump.lines,
    problems: dump.problems,
  };
}

/** `f/7 inlining to g/9` for each edge, in its order. */
export function edgesInWords({ nodes, edges }: Facts): string[] {
  const name = (place: number) => `${nodes[place]!.name}/${nodes[place]!.order}`;
  return edges.map(({ original, target, kind }) => `${name(original)} ${kind} ${name(target)}`);
}
