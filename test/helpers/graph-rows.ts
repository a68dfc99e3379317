import Database from 'better-sqlite3';
import { decodeHead } from '../../src/graph/build-graph.js';
import { SymbolFlags } from '../../src/graph/unit-graph.js';
import { GraphReader } from '../../src/index/graph-reader.js';
import { query } from './index-rows.js';

/** Columns as plain numbers: which width they are kept in is nobody's concern. */
export function plain(columns: object): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  // Columns that are made when they are asked for are a class's, not the object's own.
  for (const name in columns) found[name] = [...(columns as Record<string, Int32Array>)[name]!];
  return found;
}

/** What the tables say of a unit, in the blobs' columns. */
export function ofTables(db: string, unit: number) {
  const rows = (sql: string) => query(db, sql.replaceAll('?', String(unit))) as Record<string, number>[];
  const columnOf = (table: Record<string, number>[], name: string) => table.map((row) => row[name]!);
  const nodes = rows(
    'SELECT f.name, n.removed FROM node n JOIN function f ON f.id = n.function WHERE n.unit = ? ORDER BY n.id',
  );
  const edges = rows('SELECT seq, src, dst, kind FROM edge WHERE unit = ? ORDER BY seq');
  const folds = rows('SELECT folded, kept FROM fold WHERE unit = ?');
  const symbols = rows(
    `SELECT s.name, y.owner, s.lost, s.role, s.binding FROM symbol s JOIN body y ON y.unit = s.unit AND y.id = s.body
     WHERE s.unit = ? ORDER BY s.name, s.id`,
  );
  const [read] = rows("SELECT object = 'read' AS object FROM unit WHERE id = ?");
  const base = baseOf(db, unit);
  const { names, bodies, flags } = read!['object']
    ? {
        names: columnOf(symbols, 'name'),
        bodies: columnOf(symbols, 'owner'),
        flags: symbols.map(({ lost, role, binding }) => SymbolFlags.pack(lost!, role!, binding!)),
      }
    : unverified(nodes.filter(({ removed }) => removed === 0).map((node) => node['name']!));
  const clones = rows(
    `SELECT DISTINCT d.name FROM edge e
     JOIN kind k ON k.id = e.kind AND k.text <> 'inlining to'
     JOIN node ns ON ns.unit = e.unit AND ns.id = e.src JOIN function s ON s.id = ns.function
     JOIN node nd ON nd.unit = e.unit AND nd.id = e.dst JOIN function d ON d.id = nd.function
     WHERE e.unit = ? AND s.name <> d.name ORDER BY 1`,
  );
  const seq = columnOf(edges, 'seq');
  return {
    dump: {
      nodeName: columnOf(nodes, 'name'),
      nodeRemoved: columnOf(nodes, 'removed'),
      src: columnOf(edges, 'src'),
      dst: columnOf(edges, 'dst'),
      step: seq.map((line, edge) => line - (seq[edge - 1] ?? 0)),
      kind: columnOf(edges, 'kind'),
      cloneNames: columnOf(clones, 'name'),
      folds: folds.map(({ folded, kept }) => `${folded} ${kept}`).sort(),
    },
    linked: {
      images: columnOf(rows('SELECT image FROM unit_image WHERE unit = ? ORDER BY image'), 'image'),
      symbolName: names,
      symbolBody: bodies.map((body) => base + body),
      symbolFlags: flags,
    },
  };
}

/** Without an object every name that is not removed may be a body. */
function unverified(left: readonly number[]) {
  const names = [...new Set(left)].sort((a, b) => a - b);
  return { names, bodies: [...names.keys()], flags: names.map(() => 0) };
}

/** The first of a unit's bodies in its build. */
function baseOf(db: string, unit: number): number {
  const opened = new Database(db, { readonly: true });
  const head = decodeHead(
    opened
      .prepare(
        'SELECT data FROM build_graph g JOIN unit u ON u.build = g.build WHERE u.id = ? AND g.part = 0',
      )
      .pluck()
      .get(unit) as Buffer,
  );
  opened.close();
  return head.base[head.unit.indexOf(unit)]!;
}

/** What a unit's blobs say. */
export function ofBlobs(db: string, unit: number) {
  const opened = new Database(db, { readonly: true });
  const build = opened.prepare('SELECT build FROM unit WHERE id = ?').pluck().get(unit) as number;
  const reader = new GraphReader(opened);
  const head = reader.head(build);
  const place = head.unit.indexOf(unit);
  const part = head.unitPart.findLastIndex((first) => first <= place);
  const units = reader.units(build, head, part);
  const nth = place - head.unitPart[part]!;
  const [dumped, linked] = [units.dump(nth), units.linked(nth)];
  opened.close();
  // What may be folded, no table has.
  const { folded, kept, maybeFolded: _, ...dump } = plain(dumped) as Record<string, number[]>;
  const folds = folded!.map((one, at) => `${one} ${kept![at]}`).sort();
  return { dump: { ...dump, folds }, linked: plain(linked) };
}
