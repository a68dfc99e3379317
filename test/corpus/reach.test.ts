import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { walkForward } from '../../src/reach/walk.js';
import { klpReach } from '../helpers/command.js';
import { openCorpus } from '../helpers/corpus.js';
import { column, faults, query } from '../helpers/index-rows.js';
import { IndexReader, openForReading } from '../helpers/library.js';
import { newIndex } from '../helpers/workplace.js';

const corpus = openCorpus();
const MINUTE = 60_000;
if (corpus.why !== '') console.warn(`corpus tests are skipped: ${corpus.why}`);

describe.skipIf(corpus.why !== '')('a real kernel', () => {
  const db = newIndex();
  let build = '';
  beforeAll(async () => {
    build = corpus.kept(['ipa-clones.tar.zst', 'objects.tar.zst']);
    const ran = await klpReach(['index', build, '--db', db]);
    expect(ran.code).toBe(0);
    expect(ran.out + ran.err).toMatch(/\b3,?121 added/);
    expect(ran.out + ran.err).not.toContain('incomplete');
  }, 3 * MINUTE);

  test('is indexed whole', { timeout: MINUTE }, () => {
    expect(query(db, "SELECT count(*) AS units, sum(object = 'missing') AS missing FROM units")).toEqual([
      { units: 3121, missing: 4 },
    ]);
    expect(query(db, 'SELECT kind, count(*) AS count FROM records GROUP BY kind ORDER BY 2 DESC')).toEqual([
      { kind: 'inlining to', count: 406_087 },
      { kind: 'constprop', count: 7_343 },
      { kind: 'part', count: 5_716 },
      { kind: 'isra', count: 4_604 },
      { kind: '(null)', count: 21 },
    ]);
    expect(faults(db)).toEqual([]);
  });

  test('every line of the dumps is a record: the rest of them are removals', () => {
    const dumps = readdirSync(build, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.ipa-clones'),
    );
    let removals = 0;
    for (const name of dumps) {
      for (const line of readFileSync(join(build, name), 'latin1').split('\n')) {
        if (line.startsWith('Callgraph removal;')) removals++;
      }
    }
    expect(removals).toBe(214_841);
    expect(column(db, 'SELECT sum(lines) - (SELECT count(*) FROM edge) FROM unit')).toEqual([removals]);
  });

  test('a missing removal record does not mean that a function was emitted', { timeout: MINUTE }, () => {
    const rows = query(
      db,
      `SELECT removed, count(*) AS names, sum(emitted = 0) AS absent, sum(emitted) AS present
       FROM emission WHERE emitted IS NOT NULL GROUP BY removed`,
    );
    expect(rows).toEqual([
      { removed: 0, names: 63_542, absent: 12_339, present: 63_542 - 12_339 },
      { removed: 1, names: 160_347, absent: 160_347, present: 0 },
    ]);
  });

  test(
    'every host that the compiler’s own debug information proves is found, in both modes',
    () => {
      const pairs = corpus
        .file('truth/inlined.tsv.zst')
        .toString('utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split('\t') as [unit: string, inlined: string, host: string]);
      expect(pairs).toHaveLength(47_431);

      const opened = openForReading(db);
      const index = new IndexReader(opened);
      const unitIds = new Map(opened.prepare('SELECT path, id FROM unit').raw().all() as [string, number][]);
      const nodesOf = opened
        .prepare(
          `SELECT t.text, n.id FROM node n JOIN function f ON f.id = n.function JOIN name t ON t.id = f.name
         WHERE n.unit = ?`,
        )
        .raw();
      const missed: string[] = [];
      const cached = new Map<string, Set<string>>();
      let unit = '';
      let nodes = new Map<string, number[]>();
      let nameOf = new Map<number, string>();
      let edges = index.edges(0);
      for (const [path, inlined, host] of pairs) {
        if (path !== unit) {
          unit = path;
          cached.clear();
          const rows = nodesOf.all(unitIds.get(path)!) as [string, number][];
          nameOf = new Map(rows.map(([name, node]) => [node, name]));
          nodes = new Map();
          for (const [name, node] of rows) nodes.set(name, [...(nodes.get(name) ?? []), node]);
          edges = index.edges(unitIds.get(path)!);
        }
        for (const mode of ['ordered', 'conservative'] as const) {
          const key = `${mode} ${inlined}`;
          let reached = cached.get(key);
          if (!reached) {
            const walked = walkForward(edges, nodes.get(inlined) ?? [], mode);
            reached = new Set(walked.nodes.map((node) => nameOf.get(node)!));
            cached.set(key, reached);
          }
          if (!reached.has(host)) missed.push(`${path} ${inlined} -> ${host} (${mode})`);
        }
      }
      index.close();
      expect(missed).toEqual([]);
    },
    MINUTE,
  );
});
