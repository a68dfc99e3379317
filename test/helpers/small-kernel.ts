import { basename } from 'node:path';
import { type Assembled, assemble, objectOf } from './assemble.js';
import { code } from './code-text.js';
import { dump } from './dump-text.js';
import { type LinkOptions, linkVmlinux } from './link.js';

/** A unit in shorthand; what is left out is not there, but an empty dump always is. */
export interface SmallUnit {
  /** As in dump-text.ts, or a dump as GCC writes it. */
  readonly dump?: string;
  /** As in code-text.ts. */
  readonly object?: string;
  /** Calls after optimisation, one a line: `f -> g`, or `f ~> g` without a place in the source. No lines is a graph without calls, null no graph. */
  readonly calls?: string | null;
  /** Functions that GCC found equal, one pair a line: `kept <- folded`. */
  readonly folding?: string;
}

/** A kernel in shorthand, by source (`mm/a.c`). */
export interface SmallKernel extends LinkOptions {
  readonly units: Readonly<Record<string, SmallUnit>>;
  /** Objects without a dump, by source, as in code-text.ts. */
  readonly assembly?: Readonly<Record<string, string>>;
  /** Module -> its sources. What is in no module is in vmlinux. */
  readonly modules?: Readonly<Record<string, readonly string[]>>;
  /** Sources that are in no linked object. */
  readonly elsewhere?: readonly string[];
  /** False leaves vmlinux and modules out. */
  readonly linked?: boolean;
}

/** The build directory's files. */
export function kernelFiles(kernel: SmallKernel): Record<string, string | Uint8Array> {
  const files: Record<string, string | Uint8Array> = {};
  const assembled = new Map<string, Assembled>();
  for (const [source, text] of Object.entries(kernel.assembly ?? {})) {
    assembled.set(source, assemble(code(text), basename(source)));
  }
  for (const [source, unit] of Object.entries(kernel.units)) {
    const stem = source.replace(/\.\w+$/, '');
    files[`${source}.000i.ipa-clones`] = dumpText(unit.dump ?? '', source);
    if (unit.calls !== null) files[`${stem}.ci`] = callGraph(source, unit);
    if (unit.folding !== undefined) files[`${source}.079i.icf`] = foldingText(unit.folding);
    if (unit.object === undefined) continue;
    const object = assemble(code(unit.object), basename(source));
    assembled.set(source, object);
    files[`${stem}.o`] = objectOf([object]);
  }
  if (kernel.linked !== false) link(kernel, assembled, files);
  return files;
}

function dumpText(text: string, source: string): string {
  return text.startsWith('Callgraph ') ? text : dump(text, source);
}

function foldingText(pairs: string): string {
  const lines = pairs.split('\n').map((pair, at) => {
    const [kept, folded] = pair.split(' <- ');
    return `a.c:1:1: optimized: Assembler symbol names:${kept}/${2 * at}->${folded}/${2 * at + 1}`;
  });
  return ['Dump after hash based groups', ...lines, ''].join('\n');
}

/** A `.ci` file: a node for each function that only the object tells of, as the dump declares the others. */
function callGraph(source: string, { dump: records = '', object = '', calls }: SmallUnit): string {
  const nodes = code(object)
    .functions.map(({ names }) => names[0]!.name)
    .filter((name) => !/\.cold|^__SCT__/.test(name) && !mentions(records, name))
    .map((name) => `node: { title: "${name}" label: "${name}\\n${source}:1:1" }\n`);
  const places = placesIn(dumpText(records, source));
  const edges = (calls ?? '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [caller, arrow, callee] = line.split(' ');
      const place = arrow === '->' ? ` label: "${places.get(caller!) ?? `${source}:1:1`}"` : '';
      return `edge: { sourcename: "${caller}" targetname: "${callee}"${place} }\n`;
    });
  return `graph: { title: "${source}"\n${nodes.join('')}${edges.join('')}}\n`;
}

/** Where a dump declares its functions: a call stands in its caller. */
function placesIn(text: string): Map<string, string> {
  const places = [...text.matchAll(/;([^;\n]+);-?\d+;([^;\n]+);(\d+);(\d+)/g)];
  return new Map(
    places.map(([, name, file, line, col]) => [name!.replace(/^\*/, ''), `${file}:${line}:${col}`]),
  );
}

function mentions(records: string, name: string): boolean {
  return records.split(/[\s/@;]+/).some((word) => word === name || word === `*${name}`);
}

function link(
  { modules = {}, elsewhere = [], ...options }: SmallKernel,
  assembled: ReadonlyMap<string, Assembled>,
  files: Record<string, string | Uint8Array>,
): void {
  const apart = new Set([...elsewhere, ...Object.values(modules).flat()]);
  const builtIn = [...assembled].filter(([source]) => !apart.has(source)).map(([, object]) => object);
  files['vmlinux'] = linkVmlinux(builtIn, options);
  for (const [module, sources] of Object.entries(modules)) {
    files[`${module}.ko`] = objectOf(sources.map((source) => assembled.get(source)!));
    // What modpost adds (m.mod.c) is not in Kbuild's list.
    const listed = sources.filter((source) => !source.endsWith('.mod.c'));
    files[`${module}.mod`] = listed.map((source) => `${source.replace(/\.\w+$/, '.o')}\n`).join('');
  }
}
