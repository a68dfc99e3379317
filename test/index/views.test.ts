import { beforeAll, describe, expect, test } from 'vitest';
import { askKernel, askUnit } from '../helpers/asked.js';
import { query } from '../helpers/index-rows.js';

describe('what a person reads of emitted code', () => {
  let db = '';
  beforeAll(async () => {
    ({ db } = await askKernel({
      units: {
        'a.c': {
          dump: 'f > f.isra.0 isra',
          object: `f global
            f_alias = f global
            f.isra.0
            f.isra.0.cold notrace in .text.unlikely
            hook weak
            setup in .init.text
            __SCT__hook global notrace
            __SCT__hook jumps to f
            f takes setup
            .data takes f.isra.0
            .initcall6.init takes setup
            .fixup calls setup`,
          calls: 'f -> f.isra.0\nf -> f.isra.0\nsetup -> f',
        },
        'b.c': { object: 'hook global' },
      },
      assembly: { 'entry.S': 'entry global notrace\nentry calls f\n.rodata takes hook' },
      script: { script_name: 'f' },
    }));
  });

  test('symbols', () => {
    expect(
      query(
        db,
        `SELECT name, binding, role, lost, section, traceable, lifetime FROM symbols
         WHERE unit = 'a.c.000i.ipa-clones' ORDER BY name`,
      ).map((row) => Object.values(row).join(' ')),
    ).toEqual([
      '__SCT__hook global trampoline 0 .text 0 core',
      'f global function 0 .text 1 core',
      'f.isra.0 local clone 0 .text 1 core',
      'f.isra.0.cold local fragment 0 .text.unlikely 0 core',
      'f_alias global function 0 .text 1 core',
      'hook weak function 1 .text 1 discarded',
      'script_name global linker script 0 .text 1 core',
      'setup local function 0 .init.text 1 init',
    ]);
  });

  test('symbols of one body have its number', () => {
    const rows = query(
      db,
      "SELECT DISTINCT body, value, size FROM symbols WHERE name IN ('f', 'f_alias', 'script_name')",
    );
    expect(rows).toEqual([{ body: 0, value: 0, size: 16 }]);
  });

  test('references that are no calls of functions', () => {
    expect(
      query(db, 'SELECT target, section, "by", kind FROM "references" ORDER BY target, kind, section').map(
        (row) => Object.values(row).join(' '),
      ),
    ).toEqual([
      'f.isra.0 .data  address',
      'setup .text f address',
      'setup .fixup  call',
      'setup .initcall6.init  init',
    ]);
  });

  test('references by what belongs to no unit', () => {
    expect(
      query(
        db,
        'SELECT unit, target, object, section, "by", kind FROM outside_references ORDER BY target',
      ).map((row) => Object.values(row).join(' ')),
    ).toEqual([
      'a.c.000i.ipa-clones f vmlinux .text entry call',
      'b.c.000i.ipa-clones hook vmlinux .rodata  address',
    ]);
  });

  test('calls, with those that only the object has', () => {
    expect(query(db, 'SELECT caller, callee, count FROM calls ORDER BY 1, 2')).toEqual([
      { caller: '__SCT__hook', callee: 'f', count: 1 },
      { caller: 'f', callee: 'f.isra.0', count: 2 },
      { caller: 'setup', callee: 'f', count: 1 },
    ]);
  });

  test('the objects that a unit is in', () => {
    expect(query(db, 'SELECT source, image FROM units ORDER BY source')).toEqual([
      { source: 'a.c', image: 'vmlinux' },
      { source: 'b.c', image: 'vmlinux' },
    ]);
  });
});

test('the same build has the same identity, another has another', async () => {
  const identity = async (object: string) => {
    const { index } = await askUnit({ object });
    return index.builds()[0]!.identity;
  };
  const known = await identity('f');
  expect(known).toMatch(/^[0-9a-f]{32}$/);
  expect(await identity('f\ng')).not.toBe(known);
});

test('a call is counted once where call graph and object both have it', async () => {
  const { db } = await askUnit({ object: 'f global\ng global\nf calls g', calls: 'f -> g' });
  expect(query(db, 'SELECT caller, callee, count FROM calls')).toEqual([
    { caller: 'f', callee: 'g', count: 1 },
  ]);
});
