import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The patch set by its definition, as plainly as it can be said, without any of the code that is under test: the dumps
 * are split at semicolons (no path of the corpus has one), the calls are found by a pattern, the symbols are readelf's.
 */
export interface NaiveAnswer {
  /** Emitted, and not made by a clone record: `patch` and `blocked` together. */
  readonly replaceable: readonly string[];
  readonly clones: readonly string[];
  readonly gone: readonly string[];
}

interface Edge {
  readonly seq: number;
  readonly to: string;
}

export class NaiveUnit {
  /** Every name that the dump has. */
  readonly names: ReadonlySet<string>;
  /** `name/order` -> where its code went. */
  readonly #edges = new Map<string, Edge[]>();
  readonly #nodes = new Map<string, Set<string>>();
  readonly #cloneNodes = new Set<string>();
  readonly #callers = new Map<string, Set<string>>();
  readonly #emitted: ReadonlySet<string>;

  constructor(dump: string, calls: string, emitted: ReadonlySet<string>) {
    this.#emitted = emitted;
    dump.split('\n').forEach((line, at) => {
      const fields = line.split(';');
      if (fields[0] === 'Callgraph removal') this.#node(fields[1]!, fields[2]!);
      if (fields[0] !== 'Callgraph clone') return;
      if (fields.length !== 12) throw new Error(`not a record of 12 fields: ${line}`);
      const from = this.#node(fields[1]!, fields[2]!);
      const to = this.#node(fields[6]!, fields[7]!);
      add(this.#edges, from, () => []).push({ seq: at + 1, to });
      if (fields[11] !== 'inlining to' && fields[1] !== fields[6]) this.#cloneNodes.add(to);
    });
    for (const [, from, to] of calls.matchAll(/^edge: \{ sourcename: "([^"]*)" targetname: "([^"]*)"/gm)) {
      add(this.#callers, assemblerName(to!), () => new Set()).add(assemblerName(from!));
    }
    this.names = new Set(this.#nodes.keys());
  }

  patchSet(name: string, mode: 'ordered' | 'conservative'): NaiveAnswer {
    const members = new Set<string>();
    const clones: string[] = [];
    const meet = (other: string, isClone: boolean) => {
      if (members.has(other)) return;
      members.add(other);
      if (isClone && this.#emitted.has(other)) clones.push(other);
    };
    for (const node of this.#affected([...this.#nodes.get(name)!], mode)) {
      meet(node.slice(0, node.lastIndexOf('/')), this.#cloneNodes.has(node));
    }
    // The list grows while it is gone through: a caller that is a clone has callers in turn.
    for (const clone of clones) {
      for (const caller of this.#callers.get(clone) ?? []) {
        const nodes = [...(this.#nodes.get(caller) ?? [])];
        meet(caller, nodes.length > 0 && nodes.every((node) => this.#cloneNodes.has(node)));
      }
    }
    const emitted = [...members].filter((member) => this.#emitted.has(member));
    return {
      replaceable: emitted.filter((member) => !clones.includes(member)).sort(),
      clones: clones.sort(),
      gone: [...members].filter((member) => !this.#emitted.has(member)).sort(),
    };
  }

  /** By the earliest line at which code can have come to a node: from there on, every later edge takes it further. */
  #affected(starts: readonly string[], mode: 'ordered' | 'conservative'): Iterable<string> {
    const earliest = new Map(starts.map((node) => [node, 0]));
    const waiting = [...starts];
    for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
      const since = earliest.get(node)!;
      for (const { seq, to } of this.#edges.get(node) ?? []) {
        const arrival = mode === 'ordered' ? seq : 0;
        if (arrival < since || (mode === 'ordered' && seq <= since)) continue;
        if ((earliest.get(to) ?? Number.POSITIVE_INFINITY) <= arrival) continue;
        earliest.set(to, arrival);
        waiting.push(to);
      }
    }
    return earliest.keys();
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

/** `file:name` for a local function, `name` for others. */
function assemblerName(title: string): string {
  return title.slice(title.lastIndexOf(':') + 1).replace(/^\*/, '');
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

/** The names of the functions that each object defines. */
function functionsOfObjects(directory: string, objects: readonly string[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
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
    let names = new Set<string>();
    for (const line of said.split('\n')) {
      if (line.startsWith('File: ')) {
        names = new Set();
        found.set(line.slice(6), names);
      } else {
        const symbol = /^ *\d+: [0-9a-f]+ +\S+ +I?FUNC +\S+ +\S+ +(?:\[.*\] +)?(\S+) (.+)$/.exec(line);
        if (symbol !== null && symbol[1] !== 'UND') names.add(symbol[2]!);
      }
    }
  }
  return found;
}
