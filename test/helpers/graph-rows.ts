import Database from 'better-sqlite3';
import { decodeDump, decodeLinked, SymbolFlags } from '../../src/index/unit-graph.js';
import { query } from './index-rows.js';

/** Columns as plain numbers: which width they are kept in is nobody's concern. */
export const plain = (columns: object) =>
  Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, [...(values as Int32Array)]]));

/** What the tables say of a unit, in the blobs' columns. */
export function ofTables(db: string, unit: number) {
  const rows = (sql: string) => query(db, sql.replaceAll('?', String(unit))) as Record<string, number>[];
  const columnOf = (table: Record<string, number>[], name: string) => table.map((row) => row[name]!);
  const nodes = rows(
    'SELECT f.name, n.removed FROM node n JOIN function f ON f.id = n.function WHERE n.unit = ? ORDER BY n.id',
  );
  const edges = rows('SELECT seq, src, dst, kind FROM edge WHERE unit = ? ORDER BY seq');
  const calls = rows('SELECT caller, callee FROM call WHERE unit = ? ORDER BY caller, callee');
  const folds = rows('SELECT folded, kept FROM fold WHERE unit = ?');
  const symbols = rows('SELECT name, body, lost, role, binding FROM symbol WHERE unit = ? ORDER BY name, id');
  const bodies = rows('SELECT owner, lifetime, traceable FROM body WHERE unit = ? ORDER BY id');
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
      calls: calls.map(({ caller, callee }) => `${caller} ${callee}`).sort(),
      folds: folds.map(({ folded, kept }) => `${folded} ${kept}`).sort(),
    },
    linked: {
      images: columnOf(rows('SELECT image FROM unit_image WHERE unit = ? ORDER BY image'), 'image'),
      symbolName: columnOf(symbols, 'name'),
      symbolBody: columnOf(symbols, 'body'),
      symbolFlags: symbols.map(({ lost, role, binding }) => SymbolFlags.pack(lost!, role!, binding!)),
      owner: columnOf(bodies, 'owner'),
      fate: bodies.map(({ lifetime, traceable }) => lifetime! * 2 + traceable!),
    },
  };
}

/** What a unit's blobs say. */
export function ofBlobs(db: string, unit: number) {
  const opened = new Database(db, { readonly: true });
  const [dumpBlob, linkedBlob] = opened
    .prepare('SELECT dump, linked FROM unit_graph WHERE unit = ?')
    .raw()
    .get(unit) as [Buffer, Buffer];
  opened.close();
  const { caller, callee, folded, kept, ...said } = decodeDump(dumpBlob);
  const calls = Array.from(caller, (one, at) => `${one} ${callee[at]}`).sort();
  const folds = Array.from(folded, (one, at) => `${one} ${kept[at]}`).sort();
  return { dump: { ...plain(said), calls, folds }, linked: plain(decodeLinked(linkedBlob)) };
}
