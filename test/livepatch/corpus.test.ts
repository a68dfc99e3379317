import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readLivepatch } from '../../src/livepatch/read-livepatch.js';
import { readReferences } from '../../src/livepatch/read-references.js';

const { KLP_REACH_CORPUS = '../shared/corpus' } = process.env;
const directory = resolve(KLP_REACH_CORPUS, 'livepatches');
const why = existsSync(directory) ? '' : ` (skipped: no livepatches in ${directory}; set KLP_REACH_CORPUS)`;

/** Livepatches of Linux 6.1, what each patches (`OBJECT FUNCTION,SYMPOS`), and what it refers to, annotated in the module. */
const MEMINFO = ['vmlinux meminfo_proc_show,0'];
const LIVEPATCHES: readonly [
  name: string,
  patched: readonly string[],
  annotated: readonly string[],
  converted?: readonly string[],
][] = [
  [
    'lp_good_min',
    ['vmlinux meminfo_proc_show,0', 'vmlinux state_show,2', 'overlay ovl_permission,0'],
    ['vmlinux saved_command_line,0', 'vmlinux state_show,2'],
  ],
  // Full klp-convert looks saved_command_line up itself.
  [
    'lp_good_full',
    MEMINFO,
    ['vmlinux state_show,2'],
    ['vmlinux saved_command_line,0', 'vmlinux state_show,2'],
  ],
  ['lp_bad_gone', MEMINFO, ['vmlinux show_val_kb,0']],
  ['lp_bad_ambiguous', MEMINFO, ['vmlinux state_show,0']],
  ['lp_bad_position', MEMINFO, ['vmlinux state_show,9']],
  ['lp_bad_object', MEMINFO, ['vmlinux ovl_permission,0']],
  ['lp_bad_exported', MEMINFO, ['vmlinux seq_release,0']],
  ['lp_bad_cloneonly', MEMINFO, ['vmlinux __ep_eventpoll_poll,0']],
  ['lp_bad_init', MEMINFO, ['vmlinux proc_meminfo_init,0']],
  ['lp_bad_unannotated', MEMINFO, []],
  ['lp_bad_target_gone', ['vmlinux show_val_kb,0'], []],
  ['lp_bad_target_ambiguous', ['vmlinux state_show,0'], []],
  ['lp_bad_target_clone', ['vmlinux __ep_eventpoll_poll.isra.0,0'], []],
  ['lp_bad_target_init', ['vmlinux proc_meminfo_init,0'], []],
];

describe.skipIf(why !== '')(`livepatches of a real kernel${why}`, () => {
  test.each(LIVEPATCHES)('%s', (name, patched, annotated, converted = annotated) => {
    for (const ending of ['c', 'ko', 'klp.ko']) {
      const path = join(directory, `${name}.${ending}`);
      if (ending === 'klp.ko' && !existsSync(path)) {
        expect(name).toBe('lp_bad_unannotated'); // klp-convert refused it
        continue;
      }
      const bytes = readFileSync(path);
      const livepatch = readLivepatch([{ path, bytes }]);
      expect(livepatch.kind).toBe(ending === 'c' ? 'source' : 'module');
      expect(livepatch.warnings).toEqual([]);
      expect(livepatch.patched.map((p) => `${p.object} ${p.function},${p.sympos}`)).toEqual(patched);
      expect(livepatch.patched.every((p) => p.replacement === 'replacement')).toBe(true);

      const references = readReferences(path, bytes);
      const targets = references.targets.map((t) => `${t.symbolObject} ${t.name},${t.position}`);
      expect(targets.sort()).toEqual(ending === 'klp.ko' ? converted : annotated);
      expect(references.malformed).toEqual([]);
      expect(references.warnings).toEqual([]);
      const how = { c: 'annotated', ko: 'annotated', 'klp.ko': 'converted' }[ending]!;
      for (const target of references.targets) {
        expect(target.how.startsWith(how)).toBe(true);
        if (ending !== 'c') expect(target.used).toBe(true);
        if (ending === 'klp.ko') expect(target.marked).toBe(true);
      }
      for (const section of references.relaSections) {
        expect(section).toMatchObject({
          object: 'vmlinux',
          infoSection: '.text',
          livepatchFlag: true,
          allocated: true,
        });
        expect(section.unmarked).toEqual([]);
      }
      expect(references.relaSections).toHaveLength(ending === 'klp.ko' && converted.length > 0 ? 1 : 0);
    }
  });

  test('what is left to the module loader', () => {
    const path = join(directory, 'lp_bad_unannotated.ko');
    const { undefinedSymbols, earlySections } = readReferences(path, readFileSync(path));
    expect(undefinedSymbols.map(({ name }) => name).sort()).toEqual([
      '__fentry__',
      '__x86_return_thunk',
      'klp_enable_patch',
      'seq_printf',
      'seq_puts',
      'state_show',
    ]);
    expect(undefinedSymbols.every(({ how, used, weak }) => how === 'undefined' && used && !weak)).toBe(true);
    expect(earlySections).toEqual(['__mcount_loc', '.return_sites', '.orc_unwind', '.orc_unwind_ip']);
  });
});
