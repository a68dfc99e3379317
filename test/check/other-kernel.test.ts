import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { klpReach } from '../helpers/command.js';
import type { ElfSpec } from '../helpers/elf-builder.js';
import { moduleFor } from '../helpers/kernel-files.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

const DEMO = fileURLToPath(new URL('../../samples/demo/build', import.meta.url));
const CONFIG = 'CONFIG_RING=y\nCONFIG_RING_SIZE=64\n# CONFIG_EXTRA is not set\n';
const VERMAGIC = '6.1.192 SMP preempt mod_unload ';

/** The demo with what tells which kernel it is. */
async function indexed(files: Readonly<Record<string, string | Uint8Array>>) {
  const build = buildDir();
  const db = newIndex();
  cpSync(DEMO, build, { recursive: true });
  put(build, files);
  const ran = await klpReach(['index', build, '--db', db]);
  expect(ran, ran.err).toMatchObject({ code: 0 });
  return { db, build, err: ran.err };
}

const KERNEL = { 'extra.ko': moduleFor(VERMAGIC), '.config': CONFIG };

/** A symbol as klp-convert leaves it: what makes a module one that `check` reads. */
const REFERENCE = { name: '.klp.sym.vmlinux.ring_append,0', section: 'livepatch' } as const;

async function findings(command: readonly string[], db: string, cwd: string) {
  const ran = await klpReach([...command, '--db', db, '--format', 'json'], { cwd });
  const { findings: found } = JSON.parse(ran.out) as {
    findings: { severity: string; rule: string; subject: string; message: string }[];
  };
  const told = found.filter(({ rule }) => rule !== 'incomplete-data');
  return {
    code: ran.code,
    told: told.map(({ severity, rule, subject }) => `${severity} ${rule} ${subject}`),
    found,
  };
}

test('info tells which kernel it is', async () => {
  const { db, build } = await indexed({ ...KERNEL, 'include/config/kernel.release': '6.1.192\n' });
  const { out } = await klpReach(['info', '--db', db]);
  expect(out).toContain(`
  kernel         6.1.192  x86_64
  vermagic       6.1.192 SMP preempt mod_unload
  configuration  ${build}/.config sets 2 options
`);
  const { builds } = JSON.parse((await klpReach(['info', '--db', db, '--format', 'json'])).out);
  expect(builds[0].kernel).toMatchObject({
    release: '6.1.192',
    vermagic: VERMAGIC,
    buildId: null,
    architecture: 'x86_64',
    config: join(build, '.config'),
  });
});

test('a module of another kernel is a problem of the build', async () => {
  const more = { 'b.ko': moduleFor(VERMAGIC), 'old.ko': moduleFor('5.16.0 SMP ') };
  const { err, build } = await indexed({ ...KERNEL, ...more });
  expect(err).toBe(
    `klp-reach: warning: ${build}/old.ko: ${build}/old.ko is for the kernel \`5.16.0 SMP\`, and ${build}/b.ko is not\n`,
  );
});

describe('a module', () => {
  const cases: readonly (readonly [string, string, ElfSpec, string | undefined])[] = [
    ['of this kernel', VERMAGIC, {}, undefined],
    ['without the blank at the end', VERMAGIC.trim(), {}, undefined],
    [
      'of another release',
      '5.16.0 SMP preempt mod_unload ',
      {},
      'the build is `6.1.192 SMP preempt mod_unload`',
    ],
    ['of other flags', '6.1.192 SMP mod_unload ', {}, 'is for the kernel `6.1.192 SMP mod_unload`'],
    ['of another machine', VERMAGIC, { machine: 183 }, 'is for aarch64, and the build for x86_64'],
    [
      'of another class',
      VERMAGIC,
      { class: 32 },
      'is for x86_64 (62-32-le), and the build for x86_64 (62-64-le)',
    ],
  ];
  test.each(cases)('%s', async (_, vermagic, more, said) => {
    const { db } = await indexed(KERNEL);
    const cwd = buildDir({ 'lp.ko': moduleFor(vermagic, { ...more, symbols: [REFERENCE] }) });
    const { found, code } = await findings(['check', 'lp.ko'], db, cwd);
    const [other, ...more2] = found.filter(({ rule }) => rule === 'other-kernel');
    expect(more2).toEqual([]);
    if (said === undefined) expect(other).toBeUndefined();
    else {
      expect(other).toMatchObject({
        severity: 'error',
        subject: 'lp.ko',
        message: expect.stringContaining(said),
      });
      expect(code).toBe(1);
    }
  });
});

describe('conditions', () => {
  const source = (condition: string) => `#include <linux/livepatch.h>
static struct klp_func funcs[] = {
#if ${condition}
	{ .old_name = "put_number", .new_func = klp_put_number },
#endif
	{}
};
static struct klp_object objs[] = { { .funcs = funcs }, {} };`;
  const audit = async (condition: string, kernel: Readonly<Record<string, string | Uint8Array>>) => {
    const { db } = await indexed(kernel);
    const cwd = buildDir({
      'lp.c': source(condition),
      'patched_funcs.csv': `vmlinux put_number klp_put_number ${condition}\n`,
    });
    const ran = [];
    for (const file of ['lp.c', 'patched_funcs.csv']) {
      ran.push(await findings(['audit', '--changed', 'put_number', '--livepatch', file], db, cwd));
    }
    const [first, second] = ran;
    expect(second!.told).toEqual(first!.told);
    return first!;
  };

  test('of the build hold', async () => {
    expect(await audit('IS_ENABLED(CONFIG_RING)', KERNEL)).toMatchObject({ code: 0, told: [] });
  });

  test('of the build do not hold: nothing is covered', async () => {
    expect(await audit('IS_ENABLED(CONFIG_EXTRA)', KERNEL)).toMatchObject({
      code: 1,
      told: ['error missed-copy put_number', 'note switched-off-target put_number'],
    });
  });

  test.each([
    ['without .config', 'IS_ENABLED(CONFIG_RING)', { 'extra.ko': KERNEL['extra.ko'] }],
    ['of a macro that is not known', 'OWN_MACRO', KERNEL],
  ])('%s are said, and cover nothing', async (_, condition, kernel) => {
    expect(await audit(condition, kernel)).toMatchObject({
      code: 1,
      told: ['error conditional-target put_number'],
    });
  });
});
