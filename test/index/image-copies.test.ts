import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { hasGcc } from '../helpers/gcc.js';
import { query } from '../helpers/index-rows.js';
import { IndexReader, ingest, openForReading, parseSymbolSpec, Reach } from '../helpers/library.js';
import { newIndex } from '../helpers/workplace.js';

const COMMON = `
  static __attribute__((noinline)) int step(int a) { asm volatile(""); return a * 3; }
  static int scale(int a) { return a * FACTOR + step(a); }
  int shared(int a) { return scale(a) + step(a + 1); }
`;
const USER = 'int shared(int); int NAME(int a) { return shared(a) + 1; }';
const DUMP = ['-fdump-ipa-clones', '-dumpdir', 'drv/'];
const MODULE = `
  .section .gnu.linkonce.this_module,"aw"
  .zero 64
  .section .note.GNU-stack,"",@progbits
`;

describe.skipIf(!hasGcc())(
  'an object that is linked into two modules, of which the modules alone are there',
  () => {
    let root: string;
    beforeEach(() => {
      root = mkdtempSync(join(tmpdir(), 'klp-reach-copies-'));
      mkdirSync(join(root, 'drv'));
      mkdirSync(join(root, 'objects'));
      run(
        'sh',
        '-c',
        `cat > objects/module.S <<'END'${MODULE}END\ngcc -c objects/module.S -o objects/module.o`,
      );
    });
    afterEach(() => rmSync(root, { recursive: true, force: true }));

    const run = (program: string, ...args: string[]) =>
      execFileSync(program, args, { cwd: root, stdio: 'pipe' });

    function compile(name: string, text: string, object: string, ...flags: string[]): void {
      writeFileSync(join(root, `drv/${name}.c`), text);
      run(
        'gcc',
        '-O2',
        '-pg',
        '-mfentry',
        '-mrecord-mcount',
        ...flags,
        '-c',
        `drv/${name}.c`,
        '-o',
        `objects/${object}.o`,
      );
    }

    /** @param factor of the code that the second module has */
    async function index(factor: number): Promise<string> {
      compile('b', USER.replace('NAME', 'b_use'), 'b', ...DUMP);
      compile('a', USER.replace('NAME', 'a_use'), 'a', ...DUMP);
      compile('common', COMMON, 'other', `-DFACTOR=${factor}`);
      compile('common', COMMON, 'common', '-DFACTOR=7', ...DUMP);
      run('ld', '-r', '-o', 'drv/first.ko', 'objects/a.o', 'objects/common.o', 'objects/module.o');
      run('ld', '-r', '-o', 'drv/second.ko', 'objects/b.o', 'objects/other.o', 'objects/module.o');
      run('sh', '-c', 'rm -r objects drv/*.c');
      const db = newIndex();
      await ingest([root], { db, build: 'kernel' });
      return db;
    }

    function placesOf(db: string, name: string) {
      const reader = new IndexReader(openForReading(db));
      try {
        const answers = new Reach(reader).ask(parseSymbolSpec(name), {
          filter: {},
          mode: 'ordered',
          direction: 'affected',
        });
        return answers.flatMap(({ units }) =>
          units.flatMap(({ members, unknowns }) => ({
            patch: members
              .filter((member) => member.class === 'patch')
              .flatMap((member) => member.places.map(({ object }) => `${object} ${member.name}`)),
            unknowns: unknowns
              .map(({ code }) => code)
              .filter((code) => code !== 'object-unknown' && code !== 'open-end'),
          })),
        );
      } finally {
        reader.close();
      }
    }

    test('its functions are to be replaced in both', async () => {
      const db = await index(7);
      expect(placesOf(db, 'scale')).toEqual([{ patch: ['first shared', 'second shared'], unknowns: [] }]);
      expect(query(db, 'SELECT code FROM problem')).toEqual([]);
    });

    test('code of the same names that differs is not its, and makes an answer incomplete', async () => {
      const db = await index(9);
      expect(placesOf(db, 'scale')).toEqual([
        { patch: ['first shared'], unknowns: ['function-without-unit'] },
      ]);
    });
  },
);
