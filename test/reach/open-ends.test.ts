import { describe, expect, test } from 'vitest';
import { askBuild, askKernel, askUnit } from '../helpers/asked.js';
import { kernelFiles } from '../helpers/small-kernel.js';

/** `quiet` cannot be redirected, `user` calls it and can. */
const open = (more: string) =>
  askUnit({ dump: 'f > quiet', object: `quiet notrace\nuser global\nuser calls quiet\n${more}` });

describe('an address that is taken is an open end', () => {
  test('in data', async () => {
    const asked = await open('.data takes quiet');
    expect(asked.open('f')).toEqual(['quiet: address (.data of a.c.000i.ipa-clones)']);
    expect(asked.unit('f').verdict).toBe('patch');
  });

  test('in a table that nobody knows', async () => {
    const asked = await open('.ringlog_ops takes quiet');
    expect(asked.open('f')).toEqual(['quiet: address (.ringlog_ops of a.c.000i.ipa-clones)']);
  });

  test('in code', async () => {
    const asked = await open('setter global\nsetter takes quiet');
    expect(asked.open('f')).toEqual(['quiet: address (setter .text of a.c.000i.ipa-clones)']);
  });

  test('in init code too', async () => {
    const asked = await open('setup in .init.text\nsetup takes quiet');
    expect(asked.open('f')).toEqual(['quiet: address (setup .init.text of a.c.000i.ipa-clones)']);
  });

  test('in code that is never used too', async () => {
    const asked = await open('unused notrace\nunused takes quiet');
    expect(asked.open('f')).toEqual(['quiet: address (unused .text of a.c.000i.ipa-clones)']);
  });

  test('by another unit, of a global function', async () => {
    const asked = await askKernel({
      units: {
        'a.c': { dump: 'f > quiet', object: 'quiet global notrace' },
        'b.c': { object: 'other\n.data takes quiet' },
      },
    });
    expect(asked.open('f')).toEqual(['quiet: address (.data of b.c.000i.ipa-clones)']);
    expect(asked.unit('f').verdict).toBe('unpatchable');
  });

  test('by assembly, which has no dump', async () => {
    const asked = await askKernel({
      units: { 'a.c': { dump: 'f > quiet', object: 'quiet global notrace' } },
      assembly: { 'entry.S': 'entry global notrace\nentry takes quiet\n.rodata takes quiet' },
    });
    expect(asked.open('f')).toEqual(['quiet: address (.rodata of vmlinux) (entry .text of vmlinux)']);
  });

  test('by what modpost adds to a module, whatever another module does with its own function of the name', async () => {
    const unit = (name: string, more = '') => ({
      object: `${name} notrace in .exit.text\ncleanup_module = ${name} global\n${more}`,
    });
    const table = '.gnu.linkonce.this_module takes cleanup_module';
    const asked = await askKernel({
      units: {
        'm.c': unit('m_exit', '.data takes cleanup_module'),
        'n.c': unit('n_exit'),
        'a.c': { object: 'start' },
      },
      assembly: { 'm.mod.c': table, 'n.mod.c': table },
      modules: { m: ['m.c', 'm.mod.c'], n: ['n.c', 'n.mod.c'] },
    });
    expect(asked.open('m_exit')).toEqual(['m_exit: address (.data of m.c.000i.ipa-clones)']);
    expect(asked.open('n_exit')).toEqual(['n_exit: address (.gnu.linkonce.this_module of n)']);
  });

  test('of its function’s other name', async () => {
    const asked = await open('twin = quiet global\n.data takes twin');
    expect(asked.open('f')).toEqual(['twin: address (.data of a.c.000i.ipa-clones)']);
  });

  test('of a namesake it is none', async () => {
    const asked = await askKernel({
      units: {
        'a.c': { dump: 'f > quiet', object: 'quiet notrace\nuser global', calls: 'user -> quiet' },
        'b.c': { object: 'quiet notrace\n.data takes quiet' },
      },
    });
    expect(asked.open('f')).toEqual([]);
  });
});

describe('what only tells of code is no address', () => {
  test.each([
    '__mcount_loc',
    '__patchable_function_entries',
    '.orc_unwind_ip',
    '.eh_frame',
    '.debug_info',
    '__ex_table',
    '__bug_table',
    '__jump_table',
    '.altinstructions',
    '.parainstructions',
    '.smp_locks',
    '.static_call_sites',
    '.retpoline_sites',
    '.return_sites',
    '.call_sites',
    '.discard.addressable',
    '__ksymtab',
    '___ksymtab_gpl+quiet',
    '_kprobe_blacklist',
  ])('%s', async (section) => {
    const asked = await open(`${section} takes quiet`);
    expect(asked.open('f')).toEqual([]);
    expect(asked.unit('f').unknowns).toEqual([]);
  });
});

describe('what is called while the kernel starts has run', () => {
  test.each(['.initcall6.init', '.con_initcall.init', '.init.setup'])('by %s', async (section) => {
    const asked = await askUnit({ dump: 'f > quiet', object: `quiet notrace\n${section} takes quiet` });
    expect(asked.open('f')).toEqual([]);
    expect(asked.unit('f')).toMatchObject({ verdict: 'init-only', unknowns: [] });
  });

  test('by an init function', async () => {
    const asked = await askUnit({
      dump: 'f > quiet',
      object: 'quiet notrace\nsetup in .init.text',
      calls: 'setup -> quiet',
    });
    expect(asked.unit('f').verdict).toBe('init-only');
    expect(asked.members('f')).toEqual(['blocked quiet', 'gone f', 'init setup']);
  });

  test('by init code of assembly', async () => {
    const asked = await askKernel({
      units: { 'a.c': { dump: 'f > quiet', object: 'quiet global notrace' } },
      assembly: { 'head.S': 'startup global notrace in .init.text\nstartup calls quiet' },
    });
    expect(asked.open('f')).toEqual([]);
    expect(asked.unit('f').verdict).toBe('init-only');
  });
});

describe('code without a dump that calls is an open end, which cannot be replaced either', () => {
  test('assembly', async () => {
    const asked = await askKernel({
      units: { 'entry/common.c': { dump: 'f > do_syscall_64', object: 'do_syscall_64 global notrace' } },
      assembly: {
        'entry/entry_64.S': 'entry_SYSCALL_64 global notrace\nentry_SYSCALL_64 calls do_syscall_64',
      },
    });
    expect(asked.open('f')).toEqual(['do_syscall_64: nodump-caller (entry_SYSCALL_64 .text of vmlinux)']);
    expect(asked.unit('f').verdict).toBe('unpatchable');
  });

  test('a module’s assembly', async () => {
    const asked = await askKernel({
      units: {
        'kvm/vmx.c': { dump: 'f > vmx_update', object: 'vmx_update global notrace' },
        'c.c': { object: 'start' },
      },
      assembly: { 'kvm/vmenter.S': 'vmenter global notrace\nvmenter calls vmx_update' },
      modules: { 'kvm/kvm': ['kvm/vmx.c', 'kvm/vmenter.S'] },
    });
    expect(asked.open('f')).toEqual(['vmx_update: nodump-caller (vmenter .text of kvm)']);
  });

  test('code of the unit that no function holds', async () => {
    const asked = await open('.fixup calls quiet');
    expect(asked.open('f')).toEqual(['quiet: nodump-caller (.fixup of a.c.000i.ipa-clones)']);
  });

  test('a module’s call of vmlinux', async () => {
    const asked = await askKernel({
      units: {
        'a.c': { dump: 'f > quiet', object: 'quiet global notrace' },
        'm.c': { object: 'in_module global' },
      },
      assembly: { 'm_asm.S': 'm_entry global notrace\nm_entry calls quiet' },
      modules: { m: ['m.c', 'm_asm.S'] },
    });
    expect(asked.open('f')).toEqual(['quiet: nodump-caller (m_entry .text of m)']);
  });

  test('what a unit’s own code refers to is not told twice', async () => {
    const asked = await open('.data takes quiet\nlonely notrace\nlonely calls quiet');
    expect(asked.open('f')).toEqual(['quiet: address (.data of a.c.000i.ipa-clones)']);
  });
});

describe('callers that were not read are an open end', () => {
  test('of the unit itself', async () => {
    const asked = await askUnit({ dump: 'f > quiet', object: 'quiet notrace\nuser', calls: null });
    expect(asked.open('f')).toEqual(['quiet: callers-unknown']);
    expect(asked.unit('f').verdict).toBe('unpatchable');
  });

  test('of any unit, for a global function', async () => {
    const units = (binding: string) => ({
      'a.c': { dump: 'f > quiet', object: `quiet ${binding}notrace\nuser`, calls: 'user -> quiet' },
      'b.c': { object: 'other global', calls: null },
    });
    const global = await askKernel({ units: units('global ') });
    expect(global.open('f')).toEqual(['quiet: callers-unknown']);
    expect(global.unit('f').verdict).toBe('patch');
    const local = await askKernel({ units: units('') });
    expect(local.open('f')).toEqual([]);
  });
});

describe('an end is not open', () => {
  test('where the function can be redirected', async () => {
    const asked = await askUnit({ object: 'f\n.data takes f' });
    expect(asked.member('f', 'f')).toMatchObject({ class: 'patch', open: [] });
    expect(asked.unit('f').unknowns).toEqual([]);
  });

  test('where nothing leads to it', async () => {
    const asked = await askUnit({ dump: 'f > f.isra.0 isra', object: 'f\nf.isra.0' });
    expect(asked.member('f', 'f.isra.0')).toMatchObject({ live: false, open: [] });
  });
});

describe('complete', () => {
  const unit = { dump: 'f > g', object: 'g' };

  test('is an answer whose object and position are known', async () => {
    const asked = await askUnit(unit);
    expect(asked.unit('f').unknowns).toEqual([]);
  });

  test('without a linked object a livepatch cannot name one', async () => {
    const asked = await askKernel({ units: { 'a.c': unit }, linked: false });
    expect(asked.unit('f').unknowns).toEqual([
      { unit: 'a.c.000i.ipa-clones', function: 'g', code: 'object-unknown' },
    ]);
  });

  test('nor the position, where the linked object was not read', async () => {
    const files = { units: { 'm.c': unit, 'a.c': { object: 'start' } }, modules: { m: ['m.c'] } };
    const { 'm.ko': _, ...without } = kernelFiles(files);
    const asked = await askBuild(without);
    expect(asked.unit('f').unknowns).toEqual([
      { unit: 'm.c.000i.ipa-clones', function: 'g', code: 'position-unknown', object: 'm' },
    ]);
  });

  test('each open end is an unknown', async () => {
    const asked = await open('.data takes quiet\n.fixup calls quiet');
    expect(asked.unit('f').unknowns).toMatchObject([
      { function: 'quiet', code: 'open-end', open: { reason: 'address' } },
      { function: 'quiet', code: 'open-end', open: { reason: 'nodump-caller' } },
    ]);
  });
});

test("a module that takes the address of its own function takes no other module's of that name", async () => {
  const exit = { object: 'cleanup_module global in .exit.text' };
  const table = { object: '.data takes cleanup_module' };
  const asked = await askKernel({
    units: { 'a.c': exit, 'a_table.c': table, 'b.c': exit, 'b_table.c': table },
    modules: { a: ['a.c', 'a_table.c'], b: ['b.c', 'b_table.c'] },
  });
  for (const name of ['a', 'b']) {
    expect(asked.open(`cleanup_module@${name}.c`)).toEqual([
      `cleanup_module: address (.data of ${name}_table.c.000i.ipa-clones)`,
    ]);
  }
});
