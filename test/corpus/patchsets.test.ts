import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openForReading } from '../../src/index/database.js';
import { IndexReader } from '../../src/index/reader.js';
import { ask } from '../../src/reach/affected.js';
import { type Definition, definitionsNamed } from '../../src/reach/definitions.js';
import { parseSymbolSpec } from '../../src/reach/symbol-spec.js';
import type { UnitFunction } from '../../src/reach/unit-function.js';
import { UnitFunctions } from '../../src/reach/unit-functions.js';
import type { WalkMode } from '../../src/reach/walk.js';
import { openCorpus } from '../helpers/corpus.js';
import { type CorpusBuild, unpackBuild, whyNoBuild } from '../helpers/corpus-build.js';
import { query } from '../helpers/index-rows.js';
import { ingest } from '../helpers/library.js';
import { type NaiveAnswer, readNaively } from '../helpers/naive-model.js';
import { newIndex } from '../helpers/workplace.js';

const MINUTE = 60_000;
const corpus = openCorpus();
const why = whyNoBuild(corpus);
if (why !== '') console.warn(`patch sets of a real kernel are not tested: ${why}`);

/** An answer in the shape of the independent model's. */
function shapeOf(functions: Iterable<UnitFunction>): NaiveAnswer {
  const [replaceable, clones, gone] = [new Set<string>(), new Set<string>(), new Set<string>()];
  for (const f of functions) {
    (f.class === 'gone' ? gone : f.class === 'clone' ? clones : replaceable).add(f.name);
    if (f.class === 'unverified') throw new Error(`${f.name} is unverified`);
  }
  return { replaceable: [...replaceable].sort(), clones: [...clones].sort(), gone: [...gone].sort() };
}

const line = ({ replaceable, clones, gone }: NaiveAnswer) => [replaceable, clones, gone].join('\t');

describe.skipIf(why !== '')('patch sets of a real kernel', () => {
  let build: CorpusBuild;
  let index: IndexReader;
  let units: ReadonlyMap<string, number>;
  const db = newIndex();
  beforeAll(async () => {
    build = unpackBuild(corpus);
    const report = await ingest([build.directory], { db, build: 'kernel' });
    expect(report).toMatchObject({ units: 3121, images: 61, warnings: [] });
    index = new IndexReader(openForReading(db));
    units = new Map(
      query(db, 'SELECT path, id FROM unit').map(({ path, id }) => [path as string, id as number]),
    );
  }, 3 * MINUTE);
  afterAll(() => {
    index?.close();
    build?.remove();
  }, MINUTE);

  function affected(symbol: string, mode: WalkMode = 'ordered', unit?: string) {
    const filter = unit === undefined ? {} : { unit };
    return ask(index, parseSymbolSpec(symbol), { filter, mode, direction: 'affected' });
  }

  test(
    'are those of the truth, for every function of mm/ and kernel/',
    () => {
      const truth = corpus.file('truth/patchsets.tsv.zst').toString().trimEnd().split('\n');
      const wrong: string[] = [];
      for (const row of truth) {
        const [unit, name, ...columns] = row.split('\t');
        const wanted = columns.map((cell) => cell.split(',').sort().join(','));
        const answers = affected(name!, 'ordered', unit!);
        const said = line(shapeOf(answers.flatMap((answer) => answer.units.flatMap((u) => u.functions))));
        if (said !== wanted.join('\t')) wrong.push(`${row}\n  but said ${said}`);
      }
      expect(wrong).toEqual([]);
      expect(truth).toHaveLength(31_760);
      console.log(`patch sets compared with the truth: ${truth.length}`);
    },
    3 * MINUTE,
  );

  test(
    'are those of the definition, for every function of the kernel, and name nothing that is not there',
    () => {
      const full = process.env['KLP_REACH_FULL'] === '1';
      const chosen = [...units.keys()]
        .filter((path) => index.unit(units.get(path)!).object === 'read')
        .sort()
        .filter((_, at) => full || at % 3 === 0);
      const linked = linkedFunctions(build.directory);
      const initText = ['_sinittext', '_einittext'].map((name) => symbolAddress(db, name)) as [
        string,
        string,
      ];
      const wrong: string[] = [];
      const absent: string[] = [];
      const initial: string[] = [];
      const reasons = new Map<string, number>();
      let compared = 0;
      let conservative = 0;
      const naive = readNaively(build.directory, chosen);
      for (const [at, path] of chosen.entries()) {
        const unit = index.unit(units.get(path)!);
        const engine = new UnitFunctions(index, unit);
        for (const name of naive.get(path)!.names) {
          const nameId = index.nameId(name)!;
          const starts = index.nodesNamed(unit.id, nameId);
          const definition = definitionOf(name, nameId, unit.source);
          const check = (mode: WalkMode) => {
            const { functions } = engine.affectedBy(definition, starts, mode);
            const said = line(shapeOf(functions));
            const wanted = line(naive.get(path)!.patchSet(name, mode));
            if (said !== wanted)
              wrong.push(`${mode} ${path} ${name}: ${said}\n  by the definition: ${wanted}`);
            return functions;
          };
          for (const f of check('ordered')) {
            if (f.class === 'patch') {
              if (!linked.get(unit.image ?? '')?.has(f.name)) absent.push(`${path} ${f.name}`);
              const { object, address } = f.place ?? {};
              if (object === 'vmlinux' && address! >= initText[0] && address! < initText[1])
                initial.push(`${path} ${f.name}`);
            }
            if (f.class === 'blocked') reasons.set(f.blocked!, (reasons.get(f.blocked!) ?? 0) + 1);
          }
          compared++;
          if (at % 10 !== 0) continue;
          check('conservative');
          conservative++;
        }
      }
      console.log(
        `patch sets compared with the definition: ${compared} (unit, function) pairs of ${chosen.length} units ` +
          `(${full ? 'all' : 'every third; all with KLP_REACH_FULL=1'}), ` +
          `${conservative} of them without the order of decisions too`,
      );
      console.log([...reasons].map(([reason, count]) => `blocked: ${reason}: ${count}`).join('\n'));
      expect(wrong.slice(0, 20)).toEqual([]);
      expect(absent.slice(0, 20)).toEqual([]);
      expect(initial.slice(0, 20)).toEqual([]);
      if (full) expect(compared).toBe(223_889);
      expect(compared).toBeGreaterThan(60_000);
      for (const reason of reasons.keys()) expect(reason).toMatch(KNOWN_REASON);
    },
    8 * MINUTE,
  );

  test.each([
    ['do_move_pages_to_node@mm/migrate.c', 'kernel_move_pages'],
    ['__clear_shadow_entry@mm/truncate.c', 'truncate_inode_pages_range'],
  ])('%s is to be replaced in %s', (symbol, host) => {
    const [answer, ...others] = affected(symbol);
    expect(others).toEqual([]);
    const functions = answer!.units.flatMap((unit) => unit.functions);
    expect(functions.find(({ name }) => name === host)).toMatchObject({ class: 'patch' });
  });

  test('functions of the vDSO cannot be redirected, and the answers say why', () => {
    const sources = (
      query(db, "SELECT source FROM units WHERE source LIKE '%/vdso/%' AND image IS NULL") as {
        source: string;
      }[]
    )
      .map(({ source }) => source)
      .filter((source) => /\/v(clock_)?get/.test(source));
    expect(sources.sort()).toEqual([
      'arch/x86/entry/vdso/vclock_gettime.c',
      'arch/x86/entry/vdso/vdso32/vclock_gettime.c',
      'arch/x86/entry/vdso/vgetcpu.c',
    ]);
    for (const source of sources) {
      const functions = ['__vdso_clock_gettime', '__vdso_getcpu'].flatMap((name) =>
        definitionsNamed(index, parseSymbolSpec(name), { unit: source }).flatMap(() =>
          affected(name, 'ordered', source).flatMap(({ units: reached }) =>
            reached.flatMap((u) => u.functions),
          ),
        ),
      );
      expect(functions.length).toBeGreaterThan(0);
      expect(functions.filter((f) => f.class === 'patch')).toEqual([]);
      const blocked = functions.filter((f) => f.class === 'blocked');
      expect(blocked.length).toBeGreaterThan(0);
      for (const f of blocked) expect(f.blocked).toMatch(/^in the vDSO/);
    }
  });

  describe('the functions of vmlinux', () => {
    const FUNCTIONS = `FROM image_symbols s LEFT JOIN units u ON u.path = s.unit WHERE s.object = 'vmlinux' AND s.type IN ('func', 'ifunc')`;

    test('380 names are those of 984 functions, and of each the unit is known', () => {
      const rows = query(
        db,
        `SELECT name, u.source ${FUNCTIONS} AND name IN (SELECT name ${FUNCTIONS} GROUP BY name HAVING count(*) > 1)`,
      );
      expect([new Set(rows.map(({ name }) => name)).size, rows.length]).toEqual([380, 984]);
      expect(rows.filter(({ source }) => source === null)).toEqual([]);
    });

    test('state_show is four', () => {
      const rows = query(db, `SELECT s.position, u.source ${FUNCTIONS} AND name = 'state_show' ORDER BY 1`);
      expect(rows).toEqual([
        { position: 1, source: 'kernel/cpu.c' },
        { position: 2, source: 'kernel/power/main.c' },
        { position: 3, source: 'drivers/md/md.c' },
        { position: 4, source: 'net/rfkill/core.c' },
      ]);
      const places = affected('state_show')
        .flatMap(({ units: reached }) => reached)
        .map(({ unit, functions }) => [unit.image, unit.source, functions[0]!.place?.position]);
      for (const [at, { source }] of rows.entries())
        expect(places).toContainEqual(['vmlinux', source, at + 1]);
    });

    test('those of no unit are the assembler’s, whose objects have no dump', () => {
      const rows = query(
        db,
        `SELECT s.object, s.name FROM image_symbols s WHERE s.unit IS NULL AND s.type IN ('func', 'ifunc')
         AND EXISTS (SELECT 1 FROM symbols y WHERE y.name = s.name)`,
      );
      // Both are written in assembler; a C file's weak or generic function of that name is another one.
      expect(rows).toEqual([
        { object: 'chacha_x86_64', name: 'chacha_permute' },
        { object: 'vmlinux', name: '__iowrite32_copy' },
      ]);
    });

    /** The linker copies an object's local symbols as one group behind its STT_FILE: nothing that placing looks at. */
    test('local ones of one group of the symbol table are of one unit, and no unit is in two groups', () => {
      const said = execFileSync('readelf', ['-sW', join(build.directory, 'vmlinux')], {
        encoding: 'latin1',
        maxBuffer: 1 << 30,
      });
      const unitAt = new Map(
        query(db, `SELECT s.address, s.name, u.source ${FUNCTIONS} AND s.binding = 'local'`).map((row) => [
          `${row['address']} ${row['name']}`,
          row['source'],
        ]),
      );
      const groupOf = new Map<unknown, string>();
      const torn: string[] = [];
      let group = '';
      let source: unknown;
      let seen = 0;
      for (const text of said.split('\n')) {
        const symbol = /^ *(\d+): ([0-9a-f]+) +\S+ +(FUNC|FILE) +LOCAL +\S+ +\S+ ?(.*)$/.exec(text);
        if (symbol === null) continue;
        const [, number, address, type, name] = symbol;
        if (type === 'FILE') {
          group = `${number} ${name}`;
          source = undefined;
          continue;
        }
        const found = unitAt.get(`${address} ${name}`);
        if (found === undefined || found === null) continue;
        seen++;
        if (source !== undefined && source !== found) torn.push(`${group}: ${source} and ${found}`);
        source = found;
        if (groupOf.has(found) && groupOf.get(found) !== group)
          torn.push(`${found}: ${groupOf.get(found)} and ${group}`);
        groupOf.set(found, group);
      }
      expect(torn).toEqual([]);
      expect(seen).toBeGreaterThan(30_000);
    });
  });
});

const KNOWN_REASON =
  /^in \.(init|exit)\.text, which is freed (after start|or dropped)$|^no ftrace site|^in the vDSO|^a weak definition that another one replaced/;

function definitionOf(name: string, nameId: number, file: string): Definition {
  return { name, nameId, build: 'kernel', file, line: 0, assumed: false, units: new Map() };
}

function symbolAddress(db: string, name: string): string {
  return query(db, `SELECT address FROM image_symbols WHERE object = 'vmlinux' AND name = '${name}'`)[0]![
    'address'
  ] as string;
}

/** Object -> the functions that nm finds in it. */
function linkedFunctions(directory: string): Map<string, Set<string>> {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  const images = ['vmlinux', ...files.filter((file) => file.endsWith('.ko'))];
  return new Map(
    images.map((file) => {
      const said = execFileSync('nm', ['-f', 'posix', '--defined-only', join(directory, file)], {
        encoding: 'latin1',
        maxBuffer: 1 << 30,
      });
      const functions = [...said.matchAll(/^(\S+) [tTwWi] /gm)].map((match) => match[1]!);
      return [file.replace(/^.*\//, '').replace(/\.ko$/, '').replaceAll('-', '_'), new Set(functions)];
    }),
  );
}
