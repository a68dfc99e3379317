import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { applyPatch, parsePatch, reversePatch } from 'diff';
import { beforeAll, describe, expect, test } from 'vitest';
import { klpReach } from '../helpers/command.js';
import { unpackBuild, whyNoBuild } from '../helpers/corpus-build.js';
import { ingest } from '../helpers/library.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

/**
 * Ten fixes that Linux got after 6.1, and what a livepatch for each has to patch in the corpus's kernel: read off that
 * build's dumps (clone records), objects (nm) and call graphs (.ci) by hand. A target is `OBJECT FUNCTION[,POSITION]`.
 */
const FIXES: Readonly<Record<string, { readonly changes: readonly string[]; readonly targets: string[] }>> = {
  // Not inlined; and one that is, into its only caller. The fix brings a function of its own, which is no target.
  'tcp-ulp-listen': {
    changes: ['inet_csk_listen_start', '__tcp_set_ulp'],
    targets: ['vmlinux inet_csk_listen_start', 'vmlinux tcp_set_ulp'],
  },
  // Inlined into a function of another name, between two that have no symbol either.
  'exec-set-uid-race': { changes: ['bprm_fill_uid'], targets: ['vmlinux begin_new_exec'] },
  // SYSCALL_DEFINE: __do_sys_* is in the entries of both system call tables.
  'nanosleep-restart': {
    changes: [
      '__do_sys_nanosleep',
      '__do_sys_nanosleep_time32',
      '__do_sys_clock_nanosleep',
      '__do_sys_clock_nanosleep_time32',
    ],
    targets: [
      'vmlinux __ia32_sys_clock_nanosleep',
      'vmlinux __ia32_sys_clock_nanosleep_time32',
      'vmlinux __ia32_sys_nanosleep',
      'vmlinux __ia32_sys_nanosleep_time32',
      'vmlinux __x64_sys_clock_nanosleep',
      'vmlinux __x64_sys_clock_nanosleep_time32',
      'vmlinux __x64_sys_nanosleep',
      'vmlinux __x64_sys_nanosleep_time32',
    ],
  },
  // Modules; of the last one, a part was split off and put back (`.part.0`, inlined into what it came from).
  'overlay-copy-up-ids': { changes: ['ovl_copy_up_one'], targets: ['overlay ovl_copy_up_one'] },
  'btrfs-block-rsv-race': { changes: ['btrfs_use_block_rsv'], targets: ['btrfs btrfs_use_block_rsv'] },
  'cifs-session-exiting': {
    changes: ['smb2_is_network_name_deleted'],
    targets: ['cifs smb2_is_network_name_deleted'],
  },
  // A part that went elsewhere than its rest, and a host (inet6_set_iftoken) that was inlined itself.
  'ipv6-rs-timer-refcount': {
    changes: ['addrconf_mod_rs_timer'],
    targets: ['vmlinux addrconf_dad_completed', 'vmlinux addrconf_rs_timer', 'vmlinux inet6_set_link_af'],
  },
  // Inline functions of headers, over gup_pte_range; and as a constprop clone, here inlined and there called.
  'secretmem-gup-fast': {
    changes: ['page_is_secretmem'],
    targets: ['vmlinux internal_get_user_pages_fast'],
  },
  'virtio-net-udp-gso': {
    changes: ['virtio_net_hdr_to_skb'],
    targets: ['vmlinux packet_sendmsg', 'vmlinux receive_buf'],
  },
  // compat_binfmt_elf.c includes binfmt_elf.c: one static name, two symbols.
  'elf-randomize-twice': {
    changes: ['load_elf_binary'],
    targets: ['vmlinux load_elf_binary,1', 'vmlinux load_elf_binary,2'],
  },
};
const NAMES = Object.keys(FIXES);
/** Only packet_sendmsg calls what was not inlined: virtio_net_hdr_to_skb.constprop.0 of af_packet.c. */
const CLONE_CALLERS = ['vmlinux packet_sendmsg'];

const MINUTE = 60_000;
const why = whyNoBuild();
if (why !== '') console.warn(`fixes of a real kernel are not tested: ${why}`);
const { KLP_REACH_LINUX_SOURCE: source = '/usr/src/linux-source-6.1' } = process.env;
const hasSource = existsSync(join(source, 'kernel'));
if (why === '' && !hasSource)
  console.warn(`fixes are tested without sources: none in ${source} (set KLP_REACH_LINUX_SOURCE)`);

interface Report {
  readonly counts: Readonly<Record<'error' | 'warning' | 'note', number>>;
  readonly findings: readonly {
    readonly rule: string;
    readonly severity: string;
    readonly subject: string;
    readonly object?: string;
    readonly sympos?: number;
  }[];
  readonly toPatch: readonly {
    readonly object: string;
    readonly function: string;
    readonly sympos: number;
  }[];
}

const db = newIndex();
const patchOf = (name: string) => fileURLToPath(new URL(`fixes/${name}.patch`, import.meta.url));
const written = (object: string | undefined, name: string, sympos: number | undefined) =>
  `${object} ${name}${sympos ? `,${sympos}` : ''}`;

async function audit(name: string, ...args: string[]): Promise<{ code: number | null; report: Report }> {
  const { code, out, err } = await klpReach(['audit', patchOf(name), '--db', db, '-f', 'json', ...args]);
  expect(err.replaceAll(/^.* is new: no target\n/gm, '')).toBe('');
  return { code, report: JSON.parse(out) };
}

/** The list as a livepatch repository has it: object, function, replacement. */
function listOf(targets: readonly string[]): string {
  const lines = targets.map((target) => `${target} klpp_${target.split(/[ ,]/)[1]}\n`);
  return join(buildDir({ 'patched_funcs.csv': lines.join('') }), 'patched_funcs.csv');
}

const toPatch = ({ toPatch: list }: Report) =>
  list.map(({ object, function: name, sympos }) => written(object, name, sympos)).sort();
const guessed = ({ findings }: Report) =>
  findings.filter(({ rule }) => rule === 'guessed-function').map(({ subject }) => subject);
const errors = ({ findings }: Report) =>
  findings
    .filter(({ severity }) => severity === 'error')
    .map(({ rule, object, subject, sympos }) => `${rule} ${written(object, subject, sympos)}`);

describe.skipIf(why !== '')('ten fixes', () => {
  beforeAll(async () => {
    const build = unpackBuild();
    try {
      await ingest([build.directory], { db, build: 'kernel' });
    } finally {
      build.remove();
    }
  }, 3 * MINUTE);

  test.each(NAMES)('%s: what has to be patched', async (name) => {
    const { code, report } = await audit(name);
    expect(code).toBe(0);
    expect(toPatch(report)).toEqual(FIXES[name]!.targets);
    expect(guessed(report)).toEqual(FIXES[name]!.changes);
    expect(report.findings).toHaveLength(FIXES[name]!.changes.length);
  });

  test.each(NAMES)('%s: a livepatch that has it all is complete', async (name) => {
    const { code, report } = await audit(name, '--livepatch', listOf(FIXES[name]!.targets));
    expect(code).toBe(0);
    expect(report.counts).toEqual({
      error: 0,
      warning: FIXES[name]!.changes.length,
      note: 0,
      accepted: 0,
    });
  });

  const leftOut = NAMES.flatMap((name) => FIXES[name]!.targets.map((target) => [name, target] as const));
  test.each(leftOut)('%s: without %s', async (name, target) => {
    const others = FIXES[name]!.targets.filter((other) => other !== target);
    const { code, report } = await audit(name, '--livepatch', listOf(others));
    expect(code).toBe(1);
    const rule = CLONE_CALLERS.includes(target) ? 'missed-clone-caller' : 'missed-copy';
    expect(errors(report)).toEqual([`${rule} ${target}`]);
  });

  test.skipIf(!hasSource).each(NAMES)('%s: read from the sources', async (name) => {
    const { code, report } = await audit(name, '--source', before(name));
    expect(code).toBe(0);
    expect(toPatch(report)).toEqual(FIXES[name]!.targets);
    expect(report.findings).toEqual([]);
  });
});

/** The files that a fix touches as they were: these sources may have it already. */
function before(name: string): string {
  const files: Record<string, string> = {};
  for (const patch of parsePatch(readFileSync(patchOf(name), 'utf8'))) {
    const path = patch.newFileName!.replace(/^b\//, '');
    const text = readFileSync(join(source, path), 'utf8');
    const old = applyPatch(text, reversePatch(patch));
    files[path] = old === false ? text : old;
  }
  return buildDir(files);
}
