import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { definitionsNamed } from '../../src/reach/definitions.js';
import { parseSymbolSpec } from '../../src/reach/symbol-spec.js';
import { type Kernel, MINUTE } from './kernel.js';

const FUNCTIONS = `FROM image_symbols s LEFT JOIN units u ON u.path = s.unit WHERE s.object = 'vmlinux' AND s.type IN ('func', 'ifunc')`;

export function linkTests(kernel: () => Kernel): void {
  test('380 names are those of 984 functions, and of each the unit is known', { timeout: MINUTE }, () => {
    const rows = kernel().query(
      `SELECT name, u.source ${FUNCTIONS} AND name IN (SELECT name ${FUNCTIONS} GROUP BY name HAVING count(*) > 1)`,
    );
    expect([new Set(rows.map(({ name }) => name)).size, rows.length]).toEqual([380, 984]);
    expect(rows.filter(({ source }) => source === null)).toEqual([]);
  });

  test('state_show is four', () => {
    const rows = kernel().query(
      `SELECT s.position, u.source ${FUNCTIONS} AND name = 'state_show' ORDER BY 1`,
    );
    expect(rows).toEqual([
      { position: 1, source: 'kernel/cpu.c' },
      { position: 2, source: 'kernel/power/main.c' },
      { position: 3, source: 'drivers/md/md.c' },
      { position: 4, source: 'net/rfkill/core.c' },
    ]);
    const places = kernel()
      .ask('state_show')
      .flatMap(({ units }) => units)
      .map(({ unit, members }) => [unit.image, unit.source, members[0]!.places[0]?.position]);
    for (const { position, source } of rows) expect(places).toContainEqual(['vmlinux', source, position]);
  });

  test('those of no unit are the assembler’s, whose objects have no dump', { timeout: MINUTE }, () => {
    const rows = kernel().query(
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
  test('local ones of one group of the symbol table are of one unit, and no unit is in two groups', {
    timeout: MINUTE,
  }, () => {
    const said = execFileSync('readelf', ['-sW', join(kernel().files.directory, 'vmlinux')], {
      encoding: 'latin1',
      maxBuffer: 1 << 30,
    });
    const unitAt = new Map(
      kernel()
        .query(`SELECT s.address, s.name, u.source ${FUNCTIONS} AND s.binding = 'local'`)
        .map((row) => [`${row['address']} ${row['name']}`, row['source']]),
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

  test('functions of the vDSO cannot be redirected, and the answers say why', () => {
    const sources = kernel()
      .query("SELECT source FROM units WHERE source LIKE '%/vdso/%' AND image IS NULL")
      .map(({ source }) => source as string)
      .filter((source) => /\/v(clock_)?get/.test(source));
    expect(sources.sort()).toEqual([
      'arch/x86/entry/vdso/vclock_gettime.c',
      'arch/x86/entry/vdso/vdso32/vclock_gettime.c',
      'arch/x86/entry/vdso/vgetcpu.c',
    ]);
    for (const source of sources) {
      const names = ['__vdso_clock_gettime', '__vdso_getcpu'].filter(
        (name) => definitionsNamed(kernel().index, parseSymbolSpec(name), { unit: source }).length > 0,
      );
      const units = names.flatMap((name) => kernel().ask(name, source)).flatMap(({ units: all }) => all);
      const members = units.flatMap((unit) => unit.members);
      expect(members.length).toBeGreaterThan(0);
      expect(members.filter((member) => member.class === 'patch')).toEqual([]);
      const blocked = members.filter((member) => member.class === 'blocked');
      expect(blocked.length).toBeGreaterThan(0);
      for (const member of blocked)
        expect(member).toMatchObject({ stuck: 'out-of-reach', binary: 'the vDSO' });
      for (const { verdict, unknowns } of units) expect([verdict, unknowns]).toEqual(['unpatchable', []]);
    }
  });

  test.each([
    ['do_move_pages_to_node@mm/migrate.c', 'kernel_move_pages'],
    ['__clear_shadow_entry@mm/truncate.c', 'truncate_inode_pages_range'],
  ])('%s is to be replaced in %s', (symbol, host) => {
    const [answer, ...others] = kernel().ask(symbol);
    expect(others).toEqual([]);
    const members = answer!.units.flatMap((unit) => unit.members);
    expect(members.find(({ name }) => name === host)).toMatchObject({ class: 'patch' });
  });
}
