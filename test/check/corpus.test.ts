import { readdirSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { parseKlpSymbols } from '../../src/symbols/text-tables.js';
import { klpReach } from '../helpers/command.js';
import { openCorpus } from '../helpers/corpus.js';
import { unpackBuild, whyNoBuild } from '../helpers/corpus-build.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

/** The mistake that each livepatch of the corpus was written with: SEVERITY RULE SUBJECT; none in lp_good_*. */
const MISTAKES: Readonly<Record<string, string>> = {
  lp_bad_ambiguous: 'error reference-ambiguous state_show',
  lp_bad_cloneonly: 'error reference-only-clones __ep_eventpoll_poll',
  lp_bad_exported: 'warning reference-exported seq_release',
  lp_bad_gone: 'error reference-gone show_val_kb',
  lp_bad_init: 'error reference-in-init proc_meminfo_init',
  lp_bad_object: 'error reference-wrong-object ovl_permission',
  lp_bad_position: 'error reference-position state_show',
  lp_bad_target_ambiguous: 'error target-ambiguous state_show',
  lp_bad_target_clone: 'error target-is-clone __ep_eventpoll_poll.isra.0',
  lp_bad_target_gone: 'error target-absent show_val_kb',
  lp_bad_target_init: 'error target-in-init proc_meminfo_init',
  lp_bad_unannotated: 'error reference-unannotated state_show',
};

// Each asks the command about a whole kernel.
vi.setConfig({ testTimeout: 60_000 });

const { KLP_REACH_CORPUS = '../shared/corpus' } = process.env;
const directory = resolve(KLP_REACH_CORPUS, 'livepatches');
const corpus = openCorpus();
const why = whyNoBuild(corpus);
const livepatches = why === '' ? readdirSync(directory).sort() : [];

interface Said {
  readonly counts: Readonly<Record<string, number>>;
  readonly findings: readonly {
    severity: string;
    rule: string;
    subject: string;
    message: string;
    remedy?: string;
    file?: string;
    line?: number;
  }[];
  readonly references: readonly { name: string; position: number; source: string | null }[];
}

describe.skipIf(why !== '')(`the corpus's livepatches${why === '' ? '' : ` (skipped: ${why})`}`, () => {
  const db = newIndex();
  const at = (name: string) => join(directory, name);
  const ask = async (command: string, ...args: string[]) => {
    const { code, out, err } = await klpReach([command, '--db', db, '--format', 'json', ...args]);
    expect(err).toBe('');
    return { code, said: JSON.parse(out) as Said };
  };
  const told = ({ findings }: Said) => findings.map((f) => `${f.severity} ${f.rule} ${f.subject}`);

  beforeAll(async () => {
    const build = unpackBuild(corpus);
    try {
      const indexed = await klpReach(['index', build.directory, '--db', db]);
      expect(indexed, indexed.err).toMatchObject({ code: 0 });
    } finally {
      build.remove();
    }
  }, 300_000);

  test('every mistake of the table has its livepatch', () => {
    expect(livepatches).toEqual(expect.arrayContaining(Object.keys(MISTAKES).map((name) => `${name}.ko`)));
  });

  test.each(livepatches)('%s', async (name) => {
    const { code, said } = await ask('check', at(name));
    const mistake = MISTAKES[basename(name).replace(/\..*/, '')];
    if (mistake === undefined) expect(name).toMatch(/^lp_good_/);
    // A C source does not say which of its declarations the kernel has: only the compiled module does.
    const expected = mistake === undefined || name === 'lp_bad_unannotated.c' ? [] : [mistake];
    expect(told(said)).toEqual(expected);
    expect(code).toBe(expected[0]?.startsWith('error') ? 1 : 0);
    for (const { file, line } of said.findings) {
      expect(file).toBe(at(name));
      expect(line !== undefined).toBe(name.endsWith('.c'));
    }
  });

  test('--strict makes the warning a failure', async () => {
    expect((await ask('check', '--strict', at('lp_bad_exported.klp.ko'))).code).toBe(1);
  });

  test('a position is shown with its file', async () => {
    for (const name of ['lp_good_full.c', 'lp_good_full.ko', 'lp_good_full.klp.ko', 'lp_good_min.klp.ko']) {
      const { said } = await ask('check', at(name));
      expect(said.references).toContainEqual(
        expect.objectContaining({ name: 'state_show', position: 2, source: 'kernel/power/main.c' }),
      );
    }
  });

  test('an unannotated reference is told as the annotation that it needs, for each symbol of the name', async () => {
    const { said } = await ask('check', at('lp_bad_unannotated.ko'));
    const sources = ['kernel/cpu.c', 'kernel/power/main.c', 'drivers/md/md.c', 'net/rfkill/core.c'];
    for (const [i, source] of sources.entries()) {
      expect(said.findings[0]?.remedy).toContain(`{ KLP_SYMPOS(state_show, ${i + 1}) }; /* ${source} */`);
    }
  });

  test('the fix says which symbol of the name is meant', async () => {
    const fix = ['--changed', 'state_show@kernel/power/main.c'];
    const ambiguous = await ask('check', at('lp_bad_ambiguous.ko'), ...fix);
    expect(ambiguous.said.findings[0]?.remedy).toMatch(
      /^the fix suggests kernel\/power\/main\.c: .*state_show, 2\)/,
    );
    const other = await ask('check', at('lp_good_full.ko'), '--changed', 'state_show@kernel/cpu.c');
    expect(told(other.said)).toContain('error reference-other-file state_show');
  });

  test('audit: what the livepatch refers to, and what it patches, with one exit status', async () => {
    const fix = ['--changed', 'show_val_kb@fs/proc/meminfo.c'];
    const good = await ask('audit', ...fix, '--livepatch', at('lp_good_full.ko'));
    expect(good).toMatchObject({ code: 0, said: { findings: [] } });
    const bad = await ask('audit', ...fix, '--livepatch', at('lp_bad_gone.klp.ko'));
    expect(told(bad.said)).toEqual(['error reference-gone show_val_kb']);
    expect(bad.code).toBe(1);
  });

  describe('symbols.klp', () => {
    const truth = () => corpus.file('symbols.klp.zst');

    test('symbols --klp writes the names that the build wrote', async () => {
      const { code, out } = await klpReach(['symbols', '--klp', '--db', db]);
      expect(code).toBe(0);
      const written = parseKlpSymbols(Buffer.from(out), 'written');
      const built = parseKlpSymbols(truth(), 'built');
      expect([...written.keys()].sort()).toEqual([...built.keys()].sort());
      for (const [object, names] of built) {
        const other = new Set(written.get(object));
        const those = new Set(names);
        expect({
          object,
          extra: [...other].filter((name) => !those.has(name)),
          missing: [...those].filter((name) => !other.has(name)),
        }).toEqual({ object, extra: [], missing: [] });
      }
    });

    test('the list of the build is not stale; one with another line is', async () => {
      const text = truth().toString('latin1');
      const files = buildDir({
        'symbols.klp': text,
        'changed.klp': text.replace('\nmeminfo_proc_show\n', '\nmeminfo_proc_shew\n'),
      });
      expect((await ask('check', join(files, 'symbols.klp'))).said.findings).toEqual([]);
      const { code, said } = await ask('check', join(files, 'changed.klp'));
      expect(code).toBe(1);
      expect(said.findings).toMatchObject([
        {
          rule: 'symbols-klp-stale',
          subject: 'vmlinux',
          message: expect.stringMatching(/meminfo_proc_shew.*meminfo_proc_show/),
        },
      ]);
    });
  });
});
