import { describe, expect, test } from 'vitest';
import { askKernel, askUnit } from '../helpers/asked.js';

describe('a body of several names', () => {
  /** As fs/eventpoll.c's do_epoll_pwait.part.0 and do_compat_epoll_pwait.part.0 are one body. */
  const twins = {
    dump: 'p > p.part.0 part\nq > q.part.0 part\n- p\n- q',
    object: 'p.part.0\nq.part.0 = p.part.0\none global\ntwo global',
    calls: 'one -> p.part.0\ntwo -> q.part.0',
  };

  test('is called by whoever calls one of its names', async () => {
    const asked = await askUnit(twins);
    expect(asked.members('p')).toEqual(['clone p.part.0', 'gone p', 'patch one', 'patch two']);
    expect(asked.member('p', 'p.part.0').aliases).toEqual(['q.part.0']);
  });

  test('answers alike by any of its names', async () => {
    const asked = await askUnit(twins);
    expect(asked.members('q')).toEqual(['clone p.part.0', 'gone q', 'patch one', 'patch two']);
    expect(asked.members('q.part.0')).toEqual(['clone q.part.0', 'patch one', 'patch two']);
    expect(asked.members('p.part.0')).toEqual(['clone p.part.0', 'patch one', 'patch two']);
  });

  test('is where the code is that came to one of its names', async () => {
    const asked = await askUnit({
      dump: 'helper > __do_sys_getuid16\n__do_sys_getuid16 > host',
      object: '__do_sys_getuid16\n__x64_sys_getuid16 = __do_sys_getuid16 global\nhost',
    });
    expect(asked.members('helper')).toEqual(['gone helper', 'patch __x64_sys_getuid16', 'patch host']);
    expect(asked.members('__x64_sys_getuid16')).toEqual(['patch __x64_sys_getuid16', 'patch host']);
    expect(asked.members('__x64_sys_getuid16', { direction: 'inlined' })).toEqual([
      'gone helper',
      'patch __x64_sys_getuid16',
    ]);
  });

  test('is declared where one of them is', async () => {
    const asked = await askUnit({
      dump: 'helper > __do_sys_getuid16',
      object:
        '__do_sys_getuid16\n__ia32_sys_getuid16 = __do_sys_getuid16 global\n__x64_sys_getuid16 = __do_sys_getuid16 global',
    });
    const line = asked.member('__do_sys_getuid16', '__do_sys_getuid16').line;
    expect(line).toBeGreaterThan(0);
    const alias = asked.member('__x64_sys_getuid16', '__x64_sys_getuid16');
    expect([alias.file, alias.line]).toEqual(['a.c', line]);
    expect(asked.answers('__x64_sys_getuid16')).toMatchObject([
      { definition: { file: 'a.c', line, assumed: false } },
    ]);
  });

  test('can be redirected by one of them that is no clone', async () => {
    const asked = await askUnit({
      dump: 'f > f.isra.0 isra\n- f',
      object: 'f.isra.0\ntwin = f.isra.0 global',
    });
    expect(asked.members('f')).toEqual(['gone f', 'patch twin']);
    expect(asked.member('f', 'twin')).toMatchObject({ clone: false, aliases: ['f.isra.0'] });
  });

  test('has each of its names’ ftrace sites', async () => {
    const asked = await askUnit({ dump: 'f > g', object: 'f\ng\nh = g\n' });
    expect(asked.member('f', 'g').class).toBe('patch');
    expect(asked.member('h', 'h').class).toBe('patch');
  });
});

describe('a body is written by', () => {
  const object = 'zz\nb = zz global\na = zz global\nc = zz weak\naa.isra.0 = zz';
  const dump = 'helper > zz\nx > aa.isra.0 isra';

  test('its first global name', async () => {
    const asked = await askUnit({ dump, object });
    expect(asked.members('helper')).toEqual(['gone helper', 'patch a']);
    expect(asked.member('helper', 'a').aliases).toEqual(['aa.isra.0', 'b', 'c', 'zz']);
  });

  test('the one that was asked for', async () => {
    const asked = await askUnit({ dump, object });
    expect(asked.members('zz')).toEqual(['patch zz']);
    expect(asked.members('c')).toEqual(['patch c']);
  });

  test('a static name, where it has no global one', async () => {
    const asked = await askUnit({ dump: 'helper > b', object: 'b\na = b\naa.isra.0 = b' });
    expect(asked.members('helper')).toEqual(['gone helper', 'patch a']);
  });

  test('no name that only a linker script gives, which is its name all the same', async () => {
    const asked = await askKernel({
      units: {
        'ftrace.c': { dump: 'helper > arch_ops_list_func', object: 'arch_ops_list_func global' },
      },
      script: { a_ops_list_func: 'arch_ops_list_func' },
    });
    expect(asked.members('helper')).toEqual(['gone helper', 'patch arch_ops_list_func']);
    expect(asked.member('helper', 'arch_ops_list_func').aliases).toEqual(['a_ops_list_func']);
    expect(asked.members('a_ops_list_func')).toEqual(['patch a_ops_list_func']);
  });
});

describe('a fragment', () => {
  const unit = {
    dump: 'f > f.isra.0 isra\nhelper > big',
    object: `f
      f.isra.0
      f.isra.0.cold notrace in .text.unlikely
      big global
      big.cold notrace in .text.unlikely
      quiet notrace
      big.cold calls quiet`,
    calls: 'big -> f.isra.0',
  };

  test('asked for is answered as its function', async () => {
    const asked = await askUnit(unit);
    expect(asked.members('big.cold')).toEqual(asked.members('big'));
    expect(asked.answers('big.cold')[0]!.definition).toMatchObject({ name: 'big', fragmentOf: 'big' });
    expect(asked.answers('big')[0]!.definition.fragmentOf).toBeNull();
    expect(asked.members('f.isra.0.cold')).toEqual(['clone f.isra.0', 'patch big']);
  });

  test('is never a member', async () => {
    const asked = await askUnit(unit);
    expect(asked.members('helper')).toEqual(['gone helper', 'patch big']);
    expect(asked.member('helper', 'big').aliases).toEqual([]);
  });

  test('that calls is its function calling', async () => {
    const asked = await askUnit(unit);
    expect(asked.members('quiet')).toEqual(['blocked quiet', 'patch big']);
  });

  test('before GCC 9 had a number', async () => {
    const asked = await askUnit({ object: 'f\nf.cold.12 notrace in .text.unlikely' });
    expect(asked.members('f.cold.12')).toEqual(['patch f']);
  });

  test('whose function is not there is a body itself', async () => {
    const asked = await askUnit({ object: 'other\nf.cold notrace in .text.unlikely' });
    expect(asked.members('f.cold')).toEqual(['blocked f.cold']);
  });
});

describe('whether a function is a clone', () => {
  test('its name decides, not one of its nodes', async () => {
    // As clip_offset of drivers/gpu/drm/drm_format_helper.c: another node of the clone's name takes code in.
    const asked = await askUnit({
      dump: 'xfrm/1 > xfrm.isra.0/9 isra\nclip/2 > xfrm.isra.0/4',
      object: 'xfrm.isra.0\nblit global',
      calls: 'blit -> xfrm.isra.0',
    });
    expect(asked.members('clip')).toEqual(['clone xfrm.isra.0', 'gone clip', 'patch blit']);
  });

  test('is said by any kind that is no inlining', async () => {
    const asked = await askUnit({ dump: 'f > f.new.0 locality_clone', object: 'f\nf.new.0' });
    expect(asked.members('f')).toEqual(['clone f.new.0', 'patch f']);
  });

  test('is not said by a record that makes a function of its own name', async () => {
    const asked = await askUnit({ dump: 'f/1 > f/8 (null)', object: 'f' });
    expect(asked.members('f')).toEqual(['patch f']);
  });

  test('is not said by another unit', async () => {
    const asked = await askKernel({
      units: {
        'a.c': { dump: 'f > g.isra.0 isra', object: 'f global\ng.isra.0' },
        'b.c': { dump: 'h > g.isra.0', object: 'g.isra.0\nother global' },
      },
    });
    expect(asked.members('h')).toEqual(['gone h', 'patch g.isra.0']);
  });
});

describe('a name that the source gave with asm("name")', () => {
  const unit = {
    dump: 'helper > *real\n*real > *real.isra.0 isra',
    object: 'real notrace\nreal.isra.0\nhost',
    calls: 'host -> *real\na.c:host -> a.c:*real.isra.0',
  };

  test('loses the compiler’s mark, in dumps and call graphs', async () => {
    const asked = await askUnit(unit);
    expect(asked.members('helper')).toEqual([
      'blocked real',
      'clone real.isra.0',
      'gone helper',
      'patch host',
    ]);
  });

  test('is asked for without it', async () => {
    const asked = await askUnit(unit);
    expect(asked.members('real')).toEqual(['blocked real', 'clone real.isra.0', 'patch host']);
  });
});
