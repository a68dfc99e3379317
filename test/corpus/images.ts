import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UnitAnswer } from '../../src/reach/answer.js';
import { ingest } from '../helpers/library.js';
import { newIndex } from '../helpers/workplace.js';
import { Kernel, MINUTE } from './kernel.js';

/** One name in so many is asked: with what is incomplete, a question takes milliseconds. */
const ONE_IN = 16;

/** Members by class and name; one whose unit is not decided has its name all the same. */
interface Told {
  readonly verdict: string;
  readonly complete: boolean;
  readonly members: readonly string[];
}

/**
 * The answers from dumps, vmlinux without its relocations and modules, as distributions publish them, against those from
 * the objects and call graphs of the same build. What GCC said of folding (254 units of one of the kernels) is not among
 * what is published, so those units are left out.
 */
export function imageTests(kernel: () => Kernel, modules: 'whole' | 'stripped' = 'whole'): void {
  let bare: Kernel;
  let folder: string;

  beforeAll(async () => {
    folder = withoutObjects(kernel().files.directory, modules);
    const db = newIndex();
    const start = Date.now();
    const report = await ingest([folder], { db, build: 'images' });
    const peak = Math.round(process.resourceUsage().maxRSS / 1024);
    console.log(`units of images: ${(Date.now() - start) / 1000} s, ${peak} MB`);
    bare = new Kernel(db, 'images', kernel().files, report);
  }, 10 * MINUTE);
  afterAll(() => {
    bare?.index.close();
    rmSync(folder, { recursive: true, force: true });
  }, MINUTE);

  test('all units but those of other binaries are in an image, and no function is without one', () => {
    expect(bare.report).toMatchObject({ units: 3121, problems: [], warnings: [] });
    const left = bare.query(
      "SELECT source FROM units WHERE object = 'missing' AND lines > 0 ORDER BY source",
    );
    if (modules === 'whole') expect(left).toHaveLength(3);
    expect(left.map(({ source }) => source)).toEqual(
      expect.arrayContaining([
        'arch/x86/entry/vdso/vclock_gettime.c',
        'arch/x86/entry/vdso/vdso32/vclock_gettime.c',
        'arch/x86/entry/vdso/vgetcpu.c',
      ]),
    );
  });

  test('no function is said to be of another unit than it is', { timeout: MINUTE }, () => {
    const sql = `SELECT s.object || ' ' || s.name || ' ' || u.source AS place FROM image_symbols s JOIN units u
      ON u.path = s.unit WHERE s.type IN ('func', 'ifunc') AND u.source <> '?'`;
    const truth = new Set(
      kernel()
        .query(sql)
        .map(({ place }) => place),
    );
    const wrong = bare.query(sql).filter(({ place }) => !truth.has(place));
    expect(wrong).toEqual([]);
  });

  test('answers are the same, or say that they are not complete', { timeout: 30 * MINUTE }, () => {
    const counts = { all: 0, equal: 0, onlyIncomplete: 0, otherIncomplete: 0, missing: 0, otherComplete: 0 };
    const smaller: string[] = [];
    for (const name of namesOf(kernel())) {
      const now = toldBy(bare, name);
      for (const [unit, before] of toldBy(kernel(), name)) {
        counts.all++;
        const after = now.get(unit);
        if (!after) counts.missing++;
        else if (isSame(before, after)) {
          if (before.complete === after.complete) counts.equal++;
          else if (before.complete) counts.onlyIncomplete++;
          else counts.otherComplete++;
        } else if (!after.complete) counts.otherIncomplete++;
        else {
          counts.otherComplete++;
          const has = new Set(after.members);
          if (before.members.some((member) => !has.has(member))) smaller.push(`${name} of ${unit}`);
        }
      }
    }
    console.log(`units of images: ${JSON.stringify(counts)}`);
    expect(smaller).toEqual([]);
    expect(counts.otherComplete).toBe(0);
    expect(counts.equal / counts.all).toBeGreaterThan(modules === 'whole' ? 0.99 : 0.975);
    expect(counts.onlyIncomplete / counts.all).toBeLessThan(0.01);
  });
}

/** The dumps, the modules and vmlinux without `.rela*`. */
function withoutObjects(build: string, modules: 'whole' | 'stripped'): string {
  const folder = mkdtempSync(join(tmpdir(), 'klp-reach-images-'));
  for (const name of readdirSync(build, { recursive: true, encoding: 'utf8' })) {
    if (!/\.(?:ipa-clones|ko)$|^modules\.order$/.test(name)) continue;
    cpSync(join(build, name), join(folder, name));
    if (modules === 'stripped' && name.endsWith('.ko'))
      execFileSync('strip', ['--strip-debug', join(folder, name)]);
  }
  const vmlinux = [join(build, 'vmlinux'), join(folder, 'vmlinux')];
  execFileSync('objcopy', ['--wildcard', '--remove-section', '.rela*', ...vmlinux]);
  return folder;
}

function namesOf(kernel: Kernel): string[] {
  return kernel
    .query('SELECT DISTINCT t.text FROM function f JOIN name t ON t.id = f.name ORDER BY 1')
    .map(({ text }) => text as string)
    .filter((name, nth) => nth % ONE_IN === 0 && !/\.(?:cold|part|isra|constprop)\b/.test(name));
}

function toldBy(kernel: Kernel, name: string): Map<string, Told> {
  const filter = { build: kernel.build };
  const spec = { name } as Parameters<typeof kernel.reach.askIfKnown>[0];
  const answers = kernel.reach.askIfKnown(spec, { filter, mode: 'ordered', direction: 'affected' });
  return new Map(
    answers.flatMap(({ units }) =>
      units
        .filter(({ unit }) => unit.folding === 'missing')
        .map((unit) => [unit.unit.path, toldOf(unit)] as const),
    ),
  );
}

function toldOf({ members, verdict, unknowns }: UnitAnswer): Told {
  const kept = members.filter(({ class: of }) => of !== 'gone' && of !== 'unverified');
  return {
    verdict,
    complete: unknowns.length === 0,
    members: [...new Set(kept.map((member) => `${member.class} ${member.name}`))].sort(),
  };
}

function isSame(one: Told, other: Told): boolean {
  return one.verdict === other.verdict && one.members.join('\n') === other.members.join('\n');
}
