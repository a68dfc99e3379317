import { describe, expect, test } from 'vitest';
import { askKernel, askUnit } from '../helpers/asked.js';

describe('emitted is what has a function symbol', () => {
  test('in the unit’s object, whatever the removal records say', async () => {
    const asked = await askUnit({ dump: 'f > kept\nf > lost\n- kept', object: 'kept' });
    expect(asked.members('f')).toEqual(['gone f', 'gone lost', 'patch kept']);
    expect(asked.unit('f').members.every(({ verified }) => verified)).toBe(true);
  });

  test('without the object nobody knows, and the answer is not complete', async () => {
    const asked = await askUnit({ dump: 'f > g\n- f' });
    expect(asked.members('f')).toEqual(['gone f', 'unverified g']);
    expect(asked.unit('f').verdict).toBe('unverified');
    expect(asked.unit('f').unknowns).toContainEqual({
      unit: 'a.c.000i.ipa-clones',
      function: '',
      code: 'unverified',
      object: 'missing',
    });
  });
});

describe('a weak definition that lost', () => {
  const kernel = {
    units: {
      'init/main.c': {
        dump: 'helper > free_initmem\nhelper > start',
        object: 'free_initmem weak notrace\nstart global\nstart calls free_initmem',
        calls: 'start -> free_initmem',
      },
      'mm/init.c': { dump: 'page > free_initmem', object: 'free_initmem global notrace' },
    },
  };

  test('is discarded: no member to replace, and nobody calls it', async () => {
    const asked = await askKernel(kernel);
    expect(asked.members('helper')).toEqual(['discarded free_initmem', 'gone helper', 'patch start']);
    expect(asked.member('helper', 'free_initmem').calledBy).toEqual([]);
  });

  test('is the whole answer where nothing else has the code', async () => {
    const asked = await askKernel(kernel);
    const answers = asked.answers('free_initmem@init/main.c');
    expect(answers.flatMap(({ units }) => units.map(({ verdict }) => verdict))).toEqual(['discarded']);
  });

  test('is not called by its own unit, which calls the winner', async () => {
    const asked = await askKernel(kernel);
    expect(asked.members('page')).toEqual(['blocked free_initmem', 'gone page', 'patch init/main.c:start']);
  });

  test('may have lost to assembly, which is called then', async () => {
    const asked = await askKernel({
      units: {
        'lib/iomap_copy.c': {
          dump: 'f > __iowrite32_copy',
          object: '__iowrite64_copy global\n__iowrite32_copy weak',
        },
      },
      assembly: { 'arch/x86/lib/iomap_copy_64.S': '__iowrite32_copy global notrace' },
    });
    expect(asked.members('f')).toEqual(['discarded __iowrite32_copy', 'gone f']);
    expect(asked.unit('f').verdict).toBe('discarded');
  });

  test('of two weak definitions the second loses', async () => {
    const asked = await askKernel({
      units: {
        'a.c': { dump: 'f > hook', object: 'anchor_a\nhook weak' },
        'b.c': { dump: 'g > hook', object: 'anchor_b\nhook weak' },
      },
    });
    expect(asked.members('f')).toEqual(['gone f', 'patch hook']);
    expect(asked.members('g')).toEqual(['discarded hook', 'gone g']);
  });

  test('is no name of a body that lives on by another one, but asks for it', async () => {
    const asked = await askKernel({
      units: {
        'a.c': { dump: 'helper > hook', object: 'default_hook global\nhook = default_hook weak' },
        'b.c': { dump: 'g > hook', object: 'hook global' },
      },
    });
    expect(asked.members('helper')).toEqual(['gone helper', 'patch default_hook']);
    expect(asked.member('helper', 'default_hook').aliases).toEqual([]);
    expect(asked.said('hook@a.c')).toEqual({ 'a.c': { 'a.c': ['patch default_hook'] } });
  });

  test('that won is a function like any other', async () => {
    const asked = await askUnit({ dump: 'f > hook', object: 'anchor\nhook weak' });
    expect(asked.members('f')).toEqual(['gone f', 'patch hook']);
  });
});

describe('init', () => {
  const object = 'f global in .init.text\ng global in .meminit.text\nh global in .exit.text\nk global';
  const dump = 'x > f\nx > g\nx > h\nx > k';

  test('is what vmlinux has between __init_begin and __init_end, whatever the section was called', async () => {
    const asked = await askUnit({ dump, object });
    // This image is linked with memory hotplug: .meminit.text stays.
    expect(asked.members('x')).toEqual(['gone x', 'init f', 'init h', 'patch g', 'patch k']);
  });

  test('without an image the section’s name tells', async () => {
    const asked = await askKernel({ units: { 'a.c': { dump, object } }, linked: false });
    expect(asked.members('x')).toEqual(['gone x', 'init f', 'init g', 'init h', 'patch k']);
  });

  test('has run: a livepatch has nothing to replace there', async () => {
    const asked = await askUnit({ dump, object });
    expect(asked.unit('f')).toMatchObject({ verdict: 'init-only', unknowns: [] });
  });

  test('callers of init code are not followed', async () => {
    const asked = await askUnit({ object: 'f notrace in .init.text\ng global', calls: 'g -> f' });
    expect(asked.members('f')).toEqual(['init f']);
  });

  const module = {
    units: {
      'drivers/m.c': {
        dump: 'x > setup\nx > teardown\nx > work',
        object: `setup in .init.text
          init_module = setup global
          teardown notrace in .exit.text
          cleanup_module = teardown global
          work global`,
      },
    },
    assembly: {
      'drivers/m.mod.c':
        '.gnu.linkonce.this_module takes init_module\n.gnu.linkonce.this_module takes cleanup_module',
    },
    modules: { 'drivers/m': ['drivers/m.c', 'drivers/m.mod.c'] },
  };

  test('in a module is .init.text, and .exit.text is stuck, as it has not run yet', async () => {
    const asked = await askKernel(module);
    expect(asked.members('x')).toEqual([
      'blocked cleanup_module',
      'gone x',
      'init init_module',
      'patch work',
    ]);
    expect(asked.member('x', 'cleanup_module')).toMatchObject({
      stuck: 'module-exit',
      live: true,
      deadEnd: true,
    });
    expect(asked.unit('x').verdict).toBe('partial');
  });

  test('what modpost adds to a module belongs to it: its pointers are addresses taken', async () => {
    const asked = await askKernel(module);
    expect(asked.open('teardown')).toEqual(['teardown: address (.gnu.linkonce.this_module of m)']);
    expect(asked.unit('teardown').verdict).toBe('unpatchable');
  });
});

describe('redirectable', () => {
  test('is what has an ftrace site', async () => {
    const asked = await askUnit({ object: 'f\ng notrace' });
    expect(asked.members('f')).toEqual(['patch f']);
    expect(asked.member('g', 'g')).toMatchObject({ class: 'blocked', stuck: 'no-site' });
  });

  test('is known by its place in the linked object too', async () => {
    const asked = await askUnit({ object: 'f global\ng global notrace' });
    expect(asked.member('f', 'f').places).toMatchObject([
      { object: 'vmlinux', traceable: true, position: 1 },
    ]);
    expect(asked.member('g', 'g').places).toMatchObject([
      { object: 'vmlinux', traceable: false, position: 1 },
    ]);
  });

  test('a clone is not, though it has a site', async () => {
    const asked = await askUnit({ dump: 'f > f.part.0 part', object: 'f.part.0' });
    expect(asked.member('f', 'f.part.0')).toMatchObject({ class: 'clone', stuck: 'clone', clone: true });
  });
});

describe('a binary that livepatch cannot reach', () => {
  const vdso = {
    'arch/x86/entry/vdso/vclock.c': { dump: 'f > __vdso_time', object: '__vdso_time global notrace' },
  };

  test('is one whose units are in no linked object', async () => {
    const asked = await askKernel({
      units: { ...vdso, 'lib/odd.c': { dump: 'g > odd', object: 'odd global' }, 'a.c': { object: 'start' } },
      elsewhere: ['arch/x86/entry/vdso/vclock.c', 'lib/odd.c'],
    });
    expect(asked.member('f', '__vdso_time')).toMatchObject({
      class: 'blocked',
      stuck: 'out-of-reach',
      binary: 'the vDSO',
    });
    expect(asked.member('g', 'odd')).toMatchObject({
      class: 'blocked',
      stuck: 'out-of-reach',
      binary: 'neither vmlinux nor a module',
    });
  });

  test('without linked objects its folder tells', async () => {
    const asked = await askKernel({ units: { ...vdso, 'lib/a.c': { object: 'a' } }, linked: false });
    expect(asked.member('f', '__vdso_time').stuck).toBe('out-of-reach');
    expect(asked.member('a', 'a').class).toBe('patch');
  });

  test('runs, if it is the vDSO: that it cannot be patched is the whole answer', async () => {
    const asked = await askKernel({
      units: { ...vdso, 'a.c': { object: 'start' } },
      elsewhere: Object.keys(vdso),
    });
    expect(asked.unit('f')).toMatchObject({ verdict: 'unpatchable', unknowns: [] });
    expect(asked.member('f', '__vdso_time')).toMatchObject({ live: true, deadEnd: true, open: [] });
  });

  test('does not run any more, if it is what boots the kernel', async () => {
    const unit = { dump: 'f > decompress', object: 'decompress global notrace' };
    const asked = await askKernel({
      units: { 'arch/x86/boot/misc.c': unit, 'a.c': { object: 'start' } },
      elsewhere: ['arch/x86/boot/misc.c'],
    });
    expect(asked.member('f', 'decompress')).toMatchObject({ stuck: 'out-of-reach', live: false });
    expect(asked.unit('f').verdict).toBe('unused');
  });
});
