import { describe, expect, test } from 'vitest';
import { FOLDED, type UnitAnswer } from '../../src/reach/answer.js';
import type { Corpus } from '../helpers/corpus.js';
import { COLUMNS, normalCell, type TruthRow, TruthWriter, truthLines } from '../helpers/truth.js';
import { type Kernel, MINUTE } from './kernel.js';

/** Units whose truth is known. */
const KNOWN = /^(?:mm|kernel|lib|arch\/x86)\//;

/** Rows in the truth's columns, by `unit function`. */
function truthOf(corpus: Corpus): Map<string, TruthRow> {
  return new Map(
    truthLines(corpus, 'patchsets2.tsv.zst').map(([unit, name, ...cells]) => [
      `${unit} ${name}`,
      Object.fromEntries(COLUMNS.map((column, at) => [column, normalCell(column, cells[at]!)])) as TruthRow,
    ]),
  );
}

/** Where two rows differ, in words. */
function differences(key: string, row: TruthRow, wanted: TruthRow): string[] {
  return COLUMNS.filter((column) => row[column] !== wanted[column]).map(
    (column) => `${key} ${column}: ${row[column]}\n  should be ${wanted[column]}`,
  );
}

/** Members of the truth that a row lacks: of functions that were folded, it may have more. */
function missing(key: string, row: TruthRow, wanted: TruthRow): string[] {
  const membersOf = (one: TruthRow) =>
    new Set([one.patch, one.clone, one.blocked, one.init].flatMap((cell) => cell.split(',')));
  const own = membersOf(row);
  return [...membersOf(wanted)]
    .filter((member) => !member.startsWith('#') && !own.has(member))
    .map((member) => `${key}: ${member} is missing, though it was folded`);
}

/** `VERDICT: 10 patch in 10 units, 1 clone; 2 dead ends; open: address`, of what there is. */
function inWords({ members, verdict }: UnitAnswer): string {
  const of = (name: string) => members.filter((member) => member.class === name);
  const counts = ['patch', 'clone', 'blocked', 'init', 'discarded']
    .filter((name) => of(name).length > 0)
    .map((name) => `${of(name).length} ${name}`);
  const units = new Set(of('patch').map(({ unit }) => unit.id)).size;
  if (units > 1) counts[0] += ` in ${units} units`;
  const dead = members.filter(({ deadEnd }) => deadEnd).length;
  const reasons = new Set(members.flatMap(({ open }) => open.map(({ reason }) => reason)));
  return [
    `${verdict}: ${counts.join(', ')}`,
    ...(dead > 0 ? [`${dead} dead ends`] : []),
    ...(reasons.size > 0 ? [`open: ${[...reasons].sort().join(' ')}`] : []),
  ].join('; ');
}

/** What the truth's README tells of, and how each is said. */
const EXAMPLES: readonly (readonly [unit: string, symbol: string, told: string])[] = [
  // CVE-2022-0847, up to two calls away.
  ['lib/iov_iter', 'copy_page_to_iter_pipe', 'patch: 10 patch in 10 units, 1 clone, 1 blocked'],
  // By way of a body of two names.
  ['fs/eventpoll', 'do_epoll_pwait', 'patch: 6 patch, 1 clone'],
  // Some calls come from .cold.
  ['drivers/net/ethernet/broadcom/tg3', 'tg3_write_sig_pre_reset', 'patch: 13 patch, 3 clone'],
  ['lib/kobject', 'kobject_get', 'patch: 126 patch in 47 units, 4 clone, 9 blocked, 36 init'],
  ['arch/x86/events/intel/core', 'find_next_bit', 'patch: 5 patch, 1 blocked, 2 init'],
  [
    'lib/rbtree',
    'rb_insert_color',
    'partial: 132 patch in 81 units, 11 clone, 4 blocked, 2 init; 2 dead ends; open: address',
  ],
  [
    'lib/refcount',
    'refcount_warn_saturate',
    'partial: 2679 patch in 579 units, 116 clone, 65 blocked, 42 init; 10 dead ends; open: address',
  ],
  ['arch/x86/entry/common', 'do_syscall_x64', 'unpatchable: 1 blocked; 1 dead ends; open: nodump-caller'],
  ['kernel/sched/core', 'preempt_schedule', 'unpatchable: 1 blocked; 1 dead ends; open: nodump-caller'],
  ['arch/x86/kvm/vmx/vmx', 'vmx_update_host_rsp', 'unpatchable: 1 blocked; 1 dead ends; open: nodump-caller'],
  ['arch/x86/crypto/chacha_glue', 'chacha12_setkey', 'unpatchable: 1 blocked; 1 dead ends; open: address'],
  [
    'mm/vmscan',
    'trace_raw_output_mm_vmscan_kswapd_sleep',
    'unpatchable: 1 blocked; 1 dead ends; open: address',
  ],
  [
    'arch/x86/kernel/cpu/common',
    'switch_to_new_gdt',
    'unpatchable: 4 blocked, 3 init; 3 dead ends; open: address',
  ],
  // The vDSO: that is the whole answer.
  [
    'arch/x86/entry/vdso/vclock_gettime',
    '__arch_get_hw_counter',
    'unpatchable: 1 clone, 2 blocked; 3 dead ends',
  ],
  // A name that the linker script gives to arch_ftrace_ops_list_func.
  ['kernel/trace/ftrace', 'ftrace_ops_list_func', 'unpatchable: 1 blocked; 1 dead ends; open: address'],
  // A module's exit function, called by way of cleanup_module.
  ['fs/xfs/xfs_super', 'exit_xfs_fs', 'unpatchable: 1 blocked; 1 dead ends; open: address'],
  ['kernel/sys_ni', '__x64_sys_eventfd', 'discarded: 1 discarded'],
  // Assembly won.
  ['lib/iomap_copy', '__iowrite32_copy', 'discarded: 1 discarded'],
  ['arch/x86/entry/vsyscall/vsyscall_64', 'pti_set_user_pgtbl', 'init-only: 1 blocked, 1 init'],
  // Exported, and without a caller.
  ['fs/namei', 'user_path_create', 'unused: 1 blocked'],
];

export function patchSetTests(corpus: Corpus, kernel: () => Kernel): void {
  test('the sweep gives every patch set of the truth, in every column', { timeout: 5 * MINUTE }, () => {
    const { sets, names } = kernel();
    const truth = truthOf(corpus);
    const wrong: string[] = [];
    const verdicts: Record<string, number> = {};
    let [equal, folded] = [0, 0];
    const writer = new TruthWriter(sets, names);
    for (const { unit, name, row, byFolding } of writer.swept(
      ({ row: { path, object } }) => KNOWN.test(path) && object === 'read',
    )) {
      const key = `${unit} ${name}`;
      const wanted = truth.get(key);
      truth.delete(key);
      if (byFolding) {
        folded++;
        // One that has no record at all is known by GCC's word on its folding only.
        if (wanted) wrong.push(...missing(key, row, wanted));
        continue;
      }
      const differ = wanted ? differences(key, row, wanted) : [`${key}: not in the truth`];
      wrong.push(...differ);
      if (differ.length === 0) equal++;
      verdicts[row.verdict] = (verdicts[row.verdict] ?? 0) + 1;
    }
    console.log(
      `patch sets equal to the truth: ${equal}; with what was folded, ${folded}; verdicts: ${JSON.stringify(verdicts)}`,
    );
    expect(wrong.slice(0, 20)).toEqual([]);
    expect([...truth.keys()].slice(0, 20)).toEqual([]);
    expect(equal + folded).toBeGreaterThanOrEqual(55_335);
    expect(folded).toBeLessThan(600);
  });

  describe('a question gives what the truth says in words', () => {
    test.each(EXAMPLES)('%s %s: %s', (unit, symbol, wanted) => {
      const [answer, ...others] = kernel().ask(symbol, `${unit}.c`);
      expect(others).toEqual([]);
      expect(answer!.units).toHaveLength(1);
      expect(inWords(answer!.units[0]!)).toBe(wanted);
    });
  });

  questionTests(corpus, kernel);
}

/** Questions, which read only what they need. */
export function questionTests(corpus: Corpus, kernel: () => Kernel): void {
  test('questions give the patch sets of the truth, for the examples and each 50th function', {
    timeout: 5 * MINUTE,
  }, () => {
    const { reach, index, build, names } = kernel();
    const writer = new TruthWriter(reach.sets(build), names);
    const examples = new Set(EXAMPLES.map(([unit, symbol]) => `${unit}.c.000i.ipa-clones ${symbol}`));
    const wrong: string[] = [];
    let compared = 0;
    [...truthOf(corpus)].forEach(([key, wanted], at) => {
      if (at % 50 !== 0 && !examples.has(key)) return;
      const [unit, name] = key.split(' ') as [string, string];
      const answers = kernel().ask(name, unit);
      for (const answer of answers.flatMap(({ units }) => units)) {
        if (answer.members.some(({ step }) => step?.kind === FOLDED)) continue;
        const row = writer.asked(answer, (text) => index.nameId(text)!);
        wrong.push(...differences(key, row, wanted));
        compared++;
      }
    });
    console.log(`questions compared with the truth: ${compared}`);
    expect(wrong.slice(0, 20)).toEqual([]);
    expect(compared).toBeGreaterThan(1100);
  });
}
