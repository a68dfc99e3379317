import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { klpReach, type Ran } from '../helpers/command.js';
import { dump } from '../helpers/dump-text.js';
import { objectWith } from '../helpers/objects.js';
import { buildDir, newIndex } from '../helpers/workplace.js';
import { readCsv } from './csv.js';

// Some tests run the command many times.
vi.setConfig({ testTimeout: 30_000 });

const db = newIndex();
const build = buildDir({
  'mm/a.c.000i.ipa-clones': dump(
    'f > one\nf > two\nf > f.isra.0 isra\nf.isra.0 > two\n- f\n- f.isra.0',
    'mm/a.c',
  ),
  'mm/a.o': objectWith('one', 'two', 'three'),
});
const files = buildDir({
  'fix.patch': `--- a/mm/a.c
+++ b/mm/a.c
@@ -100,3 +100,3 @@ static int f(int a)
 {
-	return a;
+	return a + 1;
 }
`,
  all: 'vmlinux one new_one\nvmlinux two new_two\n',
  half: 'vmlinux one new_one\n',
  three: 'three\n',
  empty: '\n',
  accept: `# looked at

missed-copy two two is never called
incomplete-data one no linked image
incomplete-data two no linked image
incomplete-data vmlinux@vmlinux no linked image
`,
  unused: 'missed-copy two@xfs another object\nmissed-copy three it was there once\n',
  elsewhere: 'missed-copy two@vmlinux in another object\n',
});
const at = (name: string) => join(files, name);
const fix = at('fix.patch');

beforeAll(async () => {
  expect((await klpReach(['index', build, '--db', db])).code).toBe(0);
});

const audit = (...args: string[]): Promise<Ran> => klpReach(['audit', '--db', db, ...args]);
const json = async (...args: string[]) => {
  const ran = await audit('-f', 'json', ...args);
  return { code: ran.code, said: JSON.parse(ran.out) };
};

describe('the exit code', () => {
  test.each<[string, number, string[]]>([
    ['no livepatch: what one has to patch', 0, [fix]],
    ['all is patched; warnings are no errors', 0, [fix, '-l', at('all')]],
    ['a copy is missed', 1, [fix, '-l', at('half')]],
    ['--strict: a warning', 1, [fix, '-l', at('all'), '--strict']],
    ['--strict: nothing tells which object it is', 1, ['--changed', 'f', '--strict']],
    ['what is missed is accepted', 0, [fix, '-l', at('half'), '--accept', at('accept')]],
    ['nothing to audit', 2, []],
    ['a changed function that the index does not have', 2, ['--changed', 'g']],
    ['a changed function of another file', 2, ['--changed', 'f@mm/b.c']],
    ['a livepatch and what one has to patch', 2, [fix, '-l', at('all'), '-f', 'klp']],
    ['standard input for two', 2, ['-', '-l', '-']],
    ['no such fix', 2, [at('none')]],
    ['a fix that is no diff', 2, [at('half')]],
    ['a livepatch that patches nothing', 1, [fix, '-l', at('empty')]],
    ['no such sources', 2, [fix, '--source', at('none')]],
    ['no such build', 2, [fix, '--build', 'none']],
    ['no such other build', 2, [fix, '--against', 'none']],
    ['no such acceptances', 2, [fix, '--accept', at('none')]],
  ])('%s', async (_, code, args) => {
    const ran = await audit(...args);
    expect(ran.code).toBe(code);
    if (code === 2) expect(ran).toMatchObject({ out: '', err: expect.stringMatching(/^klp-reach: .+\n$/) });
  });
});

describe('what has to be patched', () => {
  test('of a diff, and of functions that are named', async () => {
    const hosts = ['one', 'two'];
    const names = ({ said }: Awaited<ReturnType<typeof json>>) =>
      said.toPatch.map((target: { function: string }) => target.function);
    expect(names(await json(fix))).toEqual(hosts);
    expect(names(await json('--changed', 'f'))).toEqual(hosts);
    expect(names(await json('--changed', 'f@mm/a.c', 'three'))).toEqual([...hosts, 'three']);
    const piped = await klpReach(['audit', '-', '--db', db], { input: '' });
    expect(piped.code).toBe(2);
  });

  test('a function of the fix that no unit has is told, and no end of the audit', async () => {
    const other = join(
      buildDir({ 'b.patch': readFileSync(fix, 'utf8').replaceAll('mm/a.c', 'mm/b.c') }),
      'b.patch',
    );
    const { code, said } = await json(fix, other);
    expect(code).toBe(0);
    expect(said.findings).toContainEqual(expect.objectContaining({ rule: 'not-built', file: 'mm/b.c' }));
    expect(said.changed).toMatchObject([
      { function: 'f', file: 'mm/a.c', verdict: 'patch', patch: 2, deadEnds: 0 },
      { function: 'f', file: 'mm/b.c', verdict: null, patch: 0, deadEnds: 0 },
    ]);
    expect(said.toPatch).toHaveLength(2);
    expect((await audit(fix, other)).out).toMatch(
      /^changed: 2 functions\n {2}f {2}mm\/a.c\n {4}replace 2 functions\n {2}f {2}mm\/b.c\n {4}not known: no record, call or symbol of the build has it\n/,
    );
  });

  test('a function that nothing of its source’s unit mentions is not known, whatever else is patched', async () => {
    const other = join(
      buildDir({ 'c.patch': readFileSync(fix, 'utf8').replaceAll('int f(', 'int never_mentioned(') }),
      'c.patch',
    );
    const alone = await audit(other);
    expect(alone.out).toContain('to patch: nothing that is known');
    expect(alone.out).toContain('[incomplete-data] never_mentioned');
    expect((await audit(other, '--strict')).code).toBe(1);
    const both = await audit(fix, other, '-l', at('all'));
    expect(both.out).toMatch(/^covered as far as is known: all 2 functions to patch are patched/m);
    const { said } = await json(other);
    expect(said.findings).toContainEqual(
      expect.objectContaining({ rule: 'incomplete-data', subject: 'never_mentioned' }),
    );
    const written = await audit(fix, other, '-f', 'patched-funcs');
    expect(written).toMatchObject({ code: 1, out: '? one klpp_one\n? two klpp_two\n' });
    expect(written.err).toContain('incomplete: never_mentioned (mm/a.c): no record, call or symbol');
  });

  test('csv has a row for each function to patch', async () => {
    const { out } = await audit(fix, '-f', 'csv');
    const plan = readCsv(out).filter(({ rule }) => rule === 'to-patch');
    expect(plan.map(({ subject, severity }) => [subject, severity])).toEqual([
      ['one', ''],
      ['two', ''],
    ]);
  });

  test('misspelt functions are refused, each with near names', async () => {
    const ran = await audit('--changed', 'f', 'thre', 'twoo');
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err.split('\n')).toEqual([
      expect.stringMatching(/^klp-reach: thre is not in the index.*did you mean three\?$/),
      expect.stringMatching(/^klp-reach: twoo is not in the index.*did you mean two/),
      '',
    ]);
  });
});

describe('what has to be patched, to start a livepatch from', () => {
  test('patched-funcs: every changed function together, which audit takes', async () => {
    const { code, out, err } = await audit('--changed', 'f', 'three', '-f', 'patched-funcs');
    // Without linked objects nothing tells where they are.
    expect(code).toBe(1);
    expect(out).toMatch(/^\? one klpp_one\n\? three klpp_three\n\? two klpp_two\n$/);
    expect(err).toContain('incomplete: one (mm/a.c)');
    const list = out.replaceAll('?', 'vmlinux');
    const covered = await klpReach(['audit', '--changed', 'f', 'three', '-l', '-', '--db', db], {
      input: list,
    });
    expect(covered).toMatchObject({
      code: 0,
      err: '',
      out: expect.stringMatching(/^covered: all 3 functions/m),
    });
  });

  test('klp: arrays by object, and what else the fix is about on standard error', async () => {
    const { code, out, err } = await audit(fix, '-f', 'klp');
    expect(code).toBe(1);
    expect(out).toContain('.old_name = "one"');
    expect(err).toContain('klp-reach: warning: [guessed-function] f: ');
  });

  test('a fix of nothing that was built has nothing to write', async () => {
    const other = join(
      buildDir({ 'b.patch': readFileSync(fix, 'utf8').replaceAll('mm/a.c', 'mm/b.c') }),
      'b.patch',
    );
    const { code, out, err } = await audit(other, '-f', 'patched-funcs');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('no function of the build');
    expect(err).toContain('[not-built] f');
  });
});

describe('a livepatch on standard input', () => {
  test.each([
    ['audit', ['audit', '--changed', 'f', '-l', '-']],
    ['check', ['check', '-']],
  ])('%s', async (_, args) => {
    const run = (input: string) => klpReach([...args, '--db', db, '-f', 'json'], { input });
    const { code, out } = await run('vmlinux one new_one\nvmlinux two new_two\n');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ livepatch: true, counts: { error: 0 } });
    expect(await run('vmlinux o@ne\n')).toMatchObject({
      code: 2,
      err: expect.stringContaining('<stdin>:1: '),
    });
  });

  test.each(['', '\n', ' # klp-reach 0.1.0\n', '# nothing\n\n'])('%j patches nothing', async (input) => {
    const args = ['--changed', 'three', '-l', '-', '--db', db];
    const { code, out, err } = await klpReach(['audit', ...args, '-f', 'json'], { input });
    expect({ code, err }).toEqual({ code: 1, err: '' });
    const errors = JSON.parse(out).findings.filter(
      ({ severity }: { severity: string }) => severity === 'error',
    );
    expect(errors).toMatchObject([{ rule: 'missed-copy', subject: 'three' }]);
    // There is nothing that a proof could be about.
    expect(await klpReach(['check', '-', '--db', db], { input })).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('klp-reach: <stdin>: neither patches nor refers to anything; '),
    });
  });

  test('a module', async () => {
    const input = Buffer.from(objectWith('one'));
    const ran = await klpReach(['check', '-', '--db', db], { input });
    expect(ran).toMatchObject({ code: 2, err: expect.stringMatching(/^klp-reach: <stdin>: /) });
  });
});

describe('--accept', () => {
  test('an accepted finding is counted, with its reason', async () => {
    const { said } = await json('--changed', 'f', '-l', at('half'), '--accept', at('accept'));
    expect(said.counts).toEqual({ error: 0, warning: 0, note: 0, accepted: 4 });
    expect(said.findings).toEqual([]);
    expect(said.accepted).toMatchObject([
      { rule: 'missed-copy', subject: 'two', reason: 'two is never called' },
      { rule: 'incomplete-data', subject: 'one', reason: 'no linked image' },
      { rule: 'incomplete-data', subject: 'two', reason: 'no linked image' },
      { rule: 'incomplete-data', subject: 'vmlinux', reason: 'no linked image' },
    ]);
    expect(said.unusedAcceptances).toEqual([]);
    const { out } = await audit('--changed', 'f', '-l', at('half'), '--accept', at('accept'));
    expect(out).toContain('accepted [missed-copy] two: two is never called');
    expect(out).toContain('4 accepted');
  });

  test('one that no finding needs is told, and accepts nothing', async () => {
    const { code, said } = await json('--changed', 'f', '-l', at('half'), '--accept', at('unused'));
    expect(code).toBe(1);
    expect(said.counts).toMatchObject({ error: 1, accepted: 0 });
    expect(said.unusedAcceptances).toEqual([
      { where: `${at('unused')}:1`, rule: 'missed-copy', subject: 'two' },
      { where: `${at('unused')}:2`, rule: 'missed-copy', subject: 'three' },
    ]);
    const { out } = await audit('--changed', 'f', '-l', at('half'), '--accept', at('unused'));
    expect(out).toContain(`unused acceptance ${at('unused')}:1`);
  });

  test.each([
    ['missed-copy two', 'an acceptance needs RULE SUBJECT REASON'],
    ['missed-copy', 'an acceptance needs RULE SUBJECT REASON'],
    ['mised-copy two a slip', 'there is no rule mised-copy'],
  ])('%s is refused', async (line, what) => {
    const accept = join(buildDir({ accept: `# a comment\n${line}\n` }), 'accept');
    const ran = await audit(fix, '--accept', accept);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain(`${accept}:2: ${what}`);
  });
});

describe('every format says the same', () => {
  const args = [fix, '-l', at('half'), '--accept', at('elsewhere')];
  const expected = [
    'error missed-copy two',
    'warning guessed-function f',
    'warning incomplete-data one',
    'warning incomplete-data two',
    'warning incomplete-data vmlinux',
  ];

  test('json', async () => {
    const { said } = await json(...args);
    expect(said).toMatchObject({ format: 'klp-reach/audit', version: 2, build: 'default' });
    expect(said.findings.map(text)).toEqual(expected);
  });

  test('csv', async () => {
    const rows = readCsv((await audit('-f', 'csv', ...args)).out);
    expect(rows.map((row) => `${row['severity']} ${row['rule']} ${row['subject']}`)).toEqual(expected);
    expect(new Set(rows.map((row) => row['accepted']))).toEqual(new Set(['']));
    const { provenance } = (await json(...args)).said;
    const [{ identity }] = provenance.builds;
    for (const row of rows) expect(row).toMatchObject({ version: provenance.version, identity });
  });

  test('text', async () => {
    const { out } = await audit(...args);
    const heads = [...out.matchAll(/^(error|warning|note) \[(.+)\] (?:\w+:)?(\w+)/gm)];
    expect(heads.map(([, ...words]) => words.join(' '))).toEqual(expected);
    expect(out).toMatch(/why: f -\[inlined\]-> two\n {2}do: add two to the livepatch/);
    expect(out).toMatch(/not covered: 1 error, 4 warnings\n$/);
    expect((await audit(fix, '-l', at('all'))).out).toMatch(/covered: all 2 functions to patch are patched/);
    const single = await audit('--changed', 'three', '-l', at('three'));
    expect(single.out).toMatch(/^covered: the only function to patch is patched; 2 warnings\n$/m);
  });

  test('markdown', async () => {
    const { out } = await audit('-f', 'markdown', ...args);
    const rows = out.split('\n').filter((line) => /^\| (error|warning|note) /.test(line));
    expect(rows).toHaveLength(expected.length);
    const { version, builds } = (await json(...args)).said.provenance;
    expect(out.split('\n')[2]).toBe(`klp-reach ${version}, build "default" (identity ${builds[0].identity})`);
    // As many cells as the head has, whatever is in them.
    for (const row of rows) expect(row.replaceAll('\\|', '').split('|')).toHaveLength(7);
  });

  test('sarif 2.1.0', async () => {
    const { out } = await audit('-f', 'sarif', fix, '-l', at('half'), '--accept', at('accept'));
    const log = JSON.parse(out);
    expect(log.version).toBe('2.1.0');
    expect(log.$schema).toContain('2.1.0');
    expect(log.runs).toHaveLength(1);
    const [{ tool, results, properties }] = log.runs;
    expect(properties.builds).toEqual([{ name: 'default', identity: expect.stringMatching(/^[0-9a-f]+$/) }]);
    expect(tool.driver).toMatchObject({
      name: 'klp-reach',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    });
    const rules = new Set(tool.driver.rules.map(({ id }: { id: string }) => id));
    expect(
      results.map(({ level, ruleId }: { level: string; ruleId: string }) => `${level} ${ruleId}`),
    ).toEqual([
      'warning guessed-function',
      'error missed-copy',
      'warning incomplete-data',
      'warning incomplete-data',
      'warning incomplete-data',
    ]);
    for (const { ruleId, ruleIndex, message, locations = [] } of results) {
      expect(rules).toContain(ruleId);
      expect(tool.driver.rules[ruleIndex].id).toBe(ruleId);
      expect(message.text).not.toBe('');
      for (const { physicalLocation } of locations) {
        expect(physicalLocation.artifactLocation.uri).not.toBe('');
        if (physicalLocation.region) expect(physicalLocation.region.startLine).toBeGreaterThan(0);
      }
    }
    const suppressed = results.filter(({ suppressions }: { suppressions?: object[] }) => suppressions);
    expect(suppressed.map(({ ruleId }: { ruleId: string }) => ruleId)).toEqual([
      'missed-copy',
      'incomplete-data',
      'incomplete-data',
      'incomplete-data',
    ]);
    expect(suppressed[0].suppressions).toEqual([{ kind: 'external', justification: 'two is never called' }]);
  });
});

function text({ severity, rule, subject }: { severity: string; rule: string; subject: string }): string {
  return `${severity} ${rule} ${subject}`;
}
