import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Where code goes by the definition (reach), as plainly as it can be said, without any of the code that is under test:
 * the dumps are split at semicolons (no path of the corpus has one), functions of a source are found by a pattern, the
 * symbols are readelf's.
 */
export interface NaiveReach {
  /** Places of emitted bodies (`SECTION:OFFSET`), sorted. */
  readonly bodies: readonly string[];
  /** Names that have none, sorted. */
  readonly gone: readonly string[];
}

interface Edge {
  readonly seq: number;
  readonly to: string;
}

/** Name -> the places where function symbols of that name stand. */
type Places = ReadonlyMap<string, readonly string[]>;

export class NaiveUnit {
  /** Every function of the source: no clones. */
  readonly functions: ReadonlySet<string>;
  /** `name/order` -> where its code went. */
  readonly #edges = new Map<string, Edge[]>();
  readonly #nodes = new Map<string, Set<string>>();
  readonly #places: Places;
  readonly #namesAt = new Map<string, string[]>();

  constructor(dump: string, calls: string, places: Places) {
    this.#places = places;
    for (const [name, own] of places) for (const place of own) add(this.#namesAt, place, () => []).push(name);
    const clones = new Set<string>();
    dump.split('\n').forEach((line, at) => {
      const fields = line.split(';');
      if (fields[0] === 'Callgraph removal') this.#node(fields[1]!, fields[2]!);
      if (fields[0] !== 'Callgraph clone') return;
      if (fields.length !== 12) throw new Error(`not a record of 12 fields: ${line}`);
      const from = this.#node(fields[1]!, fields[2]!);
      const to = this.#node(fields[6]!, fields[7]!);
      add(this.#edges, from, () => []).push({ seq: at + 1, to });
      if (fields[11] !== 'inlining to' && fields[1] !== fields[6]) clones.add(fields[6]!);
    });
    const named = [...this.#nodes.keys(), ...definedIn(calls)];
    const functions = new Set(named.flatMap((name) => this.#sameBody(name)));
    for (const clone of clones) functions.delete(clone);
    this.functions = functions;
  }

  affected(name: string, mode: 'ordered' | 'conservative'): NaiveReach {
    const names = new Set([name]);
    for (const node of this.#reached(this.#sameBody(name), mode))
      names.add(node.slice(0, node.lastIndexOf('/')));
    const bodies = new Set([...names].flatMap((each) => this.#places.get(each) ?? []));
    return { bodies: [...bodies].sort(), gone: [...names].filter((each) => !this.#places.has(each)).sort() };
  }

  /** By the earliest line at which code can have come to a node: from there on, every later edge takes it further. */
  #reached(names: readonly string[], mode: 'ordered' | 'conservative'): Iterable<string> {
    const earliest = new Map<string, number>();
    const waiting: string[] = [];
    const arrive = (name: string, line: number) => {
      for (const node of this.#nodes.get(name) ?? []) come(node, line);
    };
    const come = (node: string, line: number) => {
      if ((earliest.get(node) ?? Number.POSITIVE_INFINITY) <= line) return;
      earliest.set(node, line);
      waiting.push(node);
      const name = node.slice(0, node.lastIndexOf('/'));
      for (const other of this.#sameBody(name)) if (other !== name) arrive(other, line);
    };
    for (const name of names) arrive(name, 0);
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const since = earliest.get(node)!;
      for (const { seq, to } of this.#edges.get(node) ?? []) {
        if (mode === 'conservative') come(to, 0);
        else if (seq > since) come(to, seq);
      }
    }
    return earliest.keys();
  }

  /** A name, and the other names of its bodies. */
  #sameBody(name: string): string[] {
    const others = (this.#places.get(name) ?? []).flatMap((place) => this.#namesAt.get(place)!);
    return [...new Set([name, ...others])];
  }

  #node(name: string, order: string): string {
    const node = `${name}/${order}`;
    add(this.#nodes, name, () => new Set()).add(node);
    return node;
  }
}

function add<K, V>(map: Map<K, V>, key: K, fresh: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = fresh();
  map.set(key, made);
  return made;
}

/** The functions of a call graph that the unit defines: by `file:name` if local, `name` if not. */
function definedIn(calls: string): string[] {
  return [...calls.matchAll(/^node: \{ title: "([^"]*)" label: ".*" \}$/gm)]
    .map((match) => match[1]!)
    .map((title) => title.slice(title.lastIndexOf(':') + 1).replace(/^\*/, ''));
}

/** Reads units (`mm/migrate.c.000i.ipa-clones`) from a build directory, with one readelf for many of them. */
export function readNaively(directory: string, units: readonly string[]): Map<string, NaiveUnit> {
  const stem = (unit: string) => unit.replace(/\.\w+\.000i\.ipa-clones$/, '');
  const symbols = functionsOfObjects(
    directory,
    units.map((unit) => `${stem(unit)}.o`),
  );
  return new Map(
    units.map((unit) => [
      unit,
      new NaiveUnit(
        readFileSync(join(directory, unit), 'latin1'),
        readFileSync(join(directory, `${stem(unit)}.ci`), 'latin1'),
        symbols.get(`${stem(unit)}.o`)!,
      ),
    ]),
  );
}

/** Where the functions that each object defines are; a part of a function (`.cold`) is none. */
function functionsOfObjects(directory: string, objects: readonly string[]): Map<string, Places> {
  const found = new Map<string, Map<string, string[]>>();
  const most = 400;
  for (let at = 0; at < objects.length; at += most) {
    // readelf names the file only where it is told of several; what is no symbol table goes to standard error.
    const some = [...objects.slice(at, at + most), objects[0]!];
    const said = execFileSync('readelf', ['-sW', ...some], {
      cwd: directory,
      encoding: 'latin1',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let places = new Map<string, string[]>();
    for (const line of said.split('\n')) {
      if (line.startsWith('File: ')) {
        places = new Map();
        found.set(line.slice(6), places);
      } else {
        const symbol = /^ *\d+: ([0-9a-f]+) +\S+ +I?FUNC +\S+ +\S+ +(?:\[.*\] +)?(\S+) (.+)$/.exec(line);
        if (symbol === null || symbol[2] === 'UND' || /\.cold(\.\d+)?$/.test(symbol[3]!)) continue;
        const place = `${symbol[2]}:${Number.parseInt(symbol[1]!, 16)}`;
        const own = add(places, symbol[3]!, () => []);
        if (!own.includes(place)) own.push(place);
      }
    }
  }
  return found;
}
