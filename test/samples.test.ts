import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { objectFacts } from './object-facts.js';

const samples = fileURLToPath(new URL('../samples', import.meta.url));
const demoBuild = join(samples, 'demo/build');

/** `from kind to`, or `removal name`: a record of a dump without its numbers and files. */
type Shape = string;

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** The shapes of a dump's records. No file of the samples has a `;` in its path, so splitting will do here. */
function shapes(dump: string): Shape[] {
  return readFileSync(dump, 'latin1')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const fields = line.split(';');
      if (fields[0] === 'Callgraph removal' && fields.length === 6) return `removal ${fields[1]}`;
      if (fields[0] === 'Callgraph clone' && fields.length === 12)
        return `${fields[1]} ${fields[11]} ${fields[6]}`;
      throw new Error(`${dump}: not a record: ${line}`);
    });
}

/** Each case of samples/README.md: records that must be there, and names that must (not) be in the object. */
const demoCases: readonly {
  readonly case: string;
  readonly unit: string;
  readonly records?: readonly Shape[];
  readonly notRecorded?: readonly Shape[];
  readonly calls?: readonly (readonly [caller: string, callee: string])[];
  readonly functions?: Readonly<Record<string, string>>;
  readonly gone?: readonly string[];
  readonly traceable?: readonly string[];
  readonly untraceable?: readonly string[];
}[] = [
  {
    case: 'inlined',
    unit: 'core/index.c',
    records: ['index_before inlining to index_insert', 'index_before inlining to index_find'],
    gone: ['index_before'],
    traceable: ['index_insert', 'index_find'],
  },
  {
    case: 'inlined transitively',
    unit: 'core/checksum.c',
    records: [
      'rotate inlining to checksum_byte',
      'checksum_byte inlining to checksum_text',
      'checksum_byte inlining to checksum_block',
    ],
    gone: ['rotate', 'checksum_byte'],
  },
  {
    case: 'constprop',
    unit: 'core/checksum.c',
    records: ['checksum_text constprop checksum_text.constprop.0'],
    calls: [['checksum_name', 'core/checksum.c:checksum_text.constprop.0']],
    functions: { 'checksum_text.constprop.0': '.text' },
    gone: ['checksum_text'],
  },
  {
    case: 'clone of a clone',
    unit: 'core/checksum.c',
    records: [
      'checksum_block constprop checksum_block.constprop.0',
      'checksum_block.constprop.0 isra checksum_block.constprop.0.isra.0',
    ],
    calls: [['checksum_record', 'core/checksum.c:checksum_block.constprop.0.isra.0']],
    functions: { 'checksum_block.constprop.0.isra.0': '.text' },
    gone: ['checksum_block', 'checksum_block.constprop.0'],
  },
  {
    case: 'isra, and an emitted clone whose caller is inlined elsewhere',
    unit: 'core/ring.c',
    records: [
      'record_fits inlining to record_verify',
      'record_verify isra record_verify.isra.0',
      'ring_next inlining to ring_read',
      'ring_next inlining to ring_drain',
      'removal ring_next',
    ],
    calls: [
      ['ring_read', 'core/ring.c:record_verify.isra.0'],
      ['ring_drain', 'core/ring.c:record_verify.isra.0'],
    ],
    functions: { 'record_verify.isra.0': '.text', ring_read: '.text', ring_drain: '.text' },
    gone: ['record_verify', 'ring_next'],
  },
  {
    case: 'part, with a cold part of its own',
    unit: 'core/ring.c',
    records: [
      'record_fits inlining to ring_make_room',
      'ring_make_room part ring_make_room.part.0',
      'ring_make_room inlining to ring_append',
      'ring_make_room inlining to ring_resize',
    ],
    calls: [
      ['ring_append', 'core/ring.c:ring_make_room.part.0'],
      ['ring_resize', 'core/ring.c:ring_make_room.part.0'],
    ],
    functions: { 'ring_make_room.part.0': '.text', 'ring_make_room.part.0.cold': '.text.unlikely' },
    gone: ['ring_make_room'],
  },
  {
    case: 'recursion inlined into itself, by way of a saved body',
    unit: 'core/index.c',
    records: [
      'index_weigh inlining to index_count',
      'index_weigh (null) index_weigh',
      'index_weigh inlining to index_weigh',
    ],
    functions: { index_weigh: '.text' },
    traceable: ['index_weigh', 'index_count'],
  },
  {
    case: 'an inline function kept out of line',
    unit: 'fs/file.c',
    records: ['record_fits inlining to record_urgent'],
    functions: { record_urgent: '.text' },
    untraceable: ['record_urgent'],
  },
  {
    case: 'a static name of two files (one)',
    unit: 'core/state.c',
    records: ['percent_used inlining to state_show'],
    functions: { state_show: '.text' },
    traceable: ['state_show'],
  },
  {
    case: 'a static name of two files (other)',
    unit: 'fs/file.c',
    records: ['put_flag inlining to state_show'],
    functions: { state_show: '.text' },
    traceable: ['state_show'],
  },
  {
    case: 'initial text, by way of a clone that is gone',
    unit: 'init/main.c',
    records: [
      'record_fits inlining to ringlog_replay',
      'ringlog_replay constprop ringlog_replay.constprop.0',
      'ringlog_replay.constprop.0 inlining to ringlog_init',
      'removal ringlog_replay.constprop.0',
    ],
    functions: { ringlog_init: '.init.text' },
    gone: ['ringlog_replay', 'ringlog_replay.constprop.0'],
  },
  {
    case: 'a system call',
    unit: 'fs/file.c',
    records: [
      'record_fits inlining to __do_sys_ringlog_write',
      '__do_sys_ringlog_read inlining to __se_sys_ringlog_read',
      '__se_sys_ringlog_read inlining to __x64_sys_ringlog_read',
      '__se_sys_ringlog_write inlining to __x64_sys_ringlog_write',
      '__do_sys_ringlog_write inlining to __x64_sys_ringlog_write',
    ],
    functions: { __x64_sys_ringlog_write: '.text', __x64_sys_ringlog_read: '.text' },
    traceable: ['__x64_sys_ringlog_write', '__x64_sys_ringlog_read'],
    gone: [
      '__do_sys_ringlog_write',
      '__se_sys_ringlog_write',
      '__do_sys_ringlog_read',
      '__se_sys_ringlog_read',
    ],
  },
  {
    case: 'gone, and said so',
    unit: 'core/ring.c',
    records: ['record_fits inlining to ring_append', 'removal record_fits'],
    gone: ['record_fits'],
  },
  {
    case: 'gone, and not said',
    unit: 'core/ring.c',
    notRecorded: ['removal record_verify'],
    gone: ['record_verify'],
  },
  {
    case: 'identical code folding',
    unit: 'core/state.c',
    records: ['ring_space_left inlining to ring_room_for'],
    functions: { ring_space_left: '.text', ring_room_for: '.text' },
  },
];

const kernelCases: readonly { readonly unit: string; readonly records: readonly Shape[] }[] = [
  { unit: 'fs/eventpoll.c', records: ['__ep_eventpoll_poll isra __ep_eventpoll_poll.isra.0'] },
  { unit: 'fs/proc/meminfo.c', records: ['show_val_kb inlining to meminfo_proc_show'] },
  { unit: 'kernel/audit.c', records: ['audit_send_reply constprop audit_send_reply.constprop.0'] },
  { unit: 'kernel/livepatch/core.c', records: ['schedule_work isra schedule_work.isra.0'] },
  { unit: 'mm/migrate.c', records: ['migrate_folio_extra part migrate_folio_extra.part.0'] },
  {
    unit: 'mm/truncate.c',
    records: ['truncate_folio_batch_exceptionals part truncate_folio_batch_exceptionals.part.0'],
  },
  { unit: 'net/netfilter/nf_log.c', records: ['nf_logger_put (null) nf_logger_put'] },
];

const object = (folder: string, unit: string) => join(folder, unit.replace(/\.c$/, '.o'));
const dumpOf = (folder: string, unit: string) => join(folder, `${unit}.000i.ipa-clones`);

describe('samples/demo', () => {
  test.each(demoCases)('$case is in $unit', (wanted) => {
    const records = shapes(dumpOf(demoBuild, wanted.unit));
    const facts = objectFacts(object(demoBuild, wanted.unit));
    const calls = readFileSync(object(demoBuild, wanted.unit).replace(/o$/, 'ci'), 'latin1');
    const names = facts.functions.map(([name]) => name);

    expect(records).toEqual(expect.arrayContaining([...(wanted.records ?? [])]));
    for (const record of wanted.notRecorded ?? []) expect(records).not.toContain(record);
    for (const [caller, callee] of wanted.calls ?? [])
      expect(calls).toContain(`edge: { sourcename: "${caller}" targetname: "${callee}"`);
    expect(facts.functions).toEqual(expect.arrayContaining(Object.entries(wanted.functions ?? {})));
    for (const name of wanted.gone ?? []) expect(names).not.toContain(name);
    for (const name of wanted.traceable ?? []) expect(facts.traceable).toContain(name);
    for (const name of wanted.untraceable ?? []) expect(facts.traceable).not.toContain(name);
  });

  test('the image has both state_show, and a trace site for what is traceable in the objects, no more', () => {
    const image = objectFacts(join(demoBuild, 'vmlinux'));
    expect(image.functions.filter(([name]) => name === 'state_show')).toHaveLength(2);
    const traceable = filesUnder(demoBuild)
      .filter((file) => file.endsWith('.o'))
      .flatMap((file) => [...objectFacts(join(demoBuild, file)).traceable]);
    expect(traceable.length).toBeGreaterThan(20);
    expect([...image.traceable].sort()).toEqual([...new Set(traceable)].sort());

    const symbols = readFileSync(join(demoBuild, 'vmlinux'), 'latin1');
    expect(symbols).toContain('\0__start_mcount_loc\0');
    expect(symbols).toContain('\0__stop_mcount_loc\0');
  });
});

describe('samples/kernel', () => {
  test.each(kernelCases)('$unit', ({ unit, records }) => {
    expect(shapes(dumpOf(join(samples, 'kernel'), unit))).toEqual(expect.arrayContaining([...records]));
  });

  test('kernel/power/main.c has a state_show', () => {
    const { functions } = objectFacts(join(samples, 'kernel/kernel/power/main.o'));
    expect(functions).toContainEqual(['state_show', '.text']);
  });
});

test('no sample names a path of the machine it was made on', () => {
  const here = dirname(samples);
  for (const file of filesUnder(samples)) {
    const bytes = readFileSync(join(samples, file));
    expect(bytes.includes(here), file).toBe(false);
    if (file.endsWith('.ipa-clones')) expect(bytes.toString('latin1'), file).not.toMatch(/;\//);
    if (file.endsWith('.ci')) expect(bytes.toString('latin1'), file).not.toMatch(/\\n\/|: "\//);
  }
});

/** Why samples/build.sh cannot give the files that are checked in here; '' if it can. */
function whyNotBuild(): string {
  const { CC: cc = 'gcc' } = process.env;
  const ask = spawnSync('bash', ['-c', `${cc} -dumpversion && ${cc} -dumpmachine`], { encoding: 'utf8' });
  if (ask.status !== 0) return `no compiler ${cc}`;
  const [version = '', machine = ''] = ask.stdout.split('\n');
  if (!/^12(\.|$)/.test(version)) return `${cc} is version ${version}, and the samples were made with 12`;
  if (!/^x86_64-.*linux/.test(machine)) return `${cc} compiles for ${machine}`;
  return '';
}

test('samples/build.sh makes the same dumps and call graphs again', { timeout: 60_000 }, (context) => {
  const why = whyNotBuild();
  if (why !== '') context.skip(why);
  const copy = mkdtempSync(join(tmpdir(), 'klp-reach-samples-'));
  try {
    cpSync(join(samples, 'build.sh'), join(copy, 'build.sh'));
    cpSync(join(samples, 'demo'), join(copy, 'demo'), {
      recursive: true,
      filter: (source) => source !== demoBuild,
    });
    execFileSync('bash', [join(copy, 'build.sh')], { stdio: 'pipe' });
    const made = join(copy, 'demo/build');
    expect(filesUnder(made)).toEqual(filesUnder(demoBuild));
    for (const file of filesUnder(made).filter((name) => /\.(ipa-clones|ci)$/.test(name)))
      expect(readFileSync(join(made, file), 'latin1'), file).toBe(
        readFileSync(join(demoBuild, file), 'latin1'),
      );
    expect(spawnSync(join(made, 'vmlinux')).status).toBe(0);
  } finally {
    rmSync(copy, { recursive: true });
  }
});
