import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { COMMAND, cleanEnvironment, klpReach, type RunOptions } from '../helpers/command.js';
import { buildElf } from '../helpers/elf-builder.js';
import { kernelFiles } from '../helpers/small-kernel.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

// Several runs of a command a test.
vi.setConfig({ testTimeout: 30_000 });

const db = newIndex();
const lists = buildDir({
  'fix.list': '# what the fix changes\nplain\n\n  state@b.c   # the second\n',
  'patched.list': 'vmlinux local_caller\n',
  'empty.list': '# nothing yet\n',
  'mixed.list': 'plain\nplian\ntwo words\n',
});

beforeAll(async () => {
  const build = buildDir({
    ...kernelFiles({
      units: {
        'mm/a.c': {
          dump: 'plain > host\nstate > state\nhelper > stuck\nend > quiet',
          object:
            'plain\nhost global\nstate\nstuck global notrace\nquiet notrace\nend\nsetup in .init.text\nearly notrace\nexit_only notrace\n.data takes quiet',
          calls: 'host -> stuck\nsetup -> early',
        },
        'fs/b.c': {
          dump: 'state > state\nb_clone > b_clone.isra.0 isra\n- b_clone',
          object: 'state\nlocal_caller\nb_clone.isra.0\nfrom_b',
          calls: 'local_caller -> stuck\nfrom_b -> stuck',
        },
      },
    }),
    'data.ko': buildElf({
      sections: [{ name: '.data', flags: 3, data: new Uint8Array(8) }],
      symbols: [{ name: 'counter', type: 1, bind: 1, section: 1 }],
    }),
  });
  expect(await klpReach(['index', build, '--db', db])).toMatchObject({ code: 0 });
});

const ask = (args: readonly string[], options?: RunOptions) => klpReach([...args, '--db', db], options);
/** The names that were answered, in their order. */
const answered = (out: string) => [...out.matchAll(/^(\S+) {2}\S+\.c:?\d*$/gm)].map(([, name]) => name);

describe('symbols of a list', () => {
  test('in a file', async () => {
    const ran = await ask(['affected', `@${join(lists, 'fix.list')}`]);
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(answered(ran.out)).toEqual(['plain', 'state']);
  });

  test('on standard input, beside others', async () => {
    const ran = await ask(['affected', 'host', '-'], { input: 'plain\nstate@a.c\n' });
    expect(ran).toMatchObject({ code: 0, err: '' });
    expect(answered(ran.out)).toEqual(['host', 'plain', 'state']);
  });

  test.each([
    [['-', '-'], /standard input is named twice/],
    [[`@${join(lists, 'empty.list')}`], /empty\.list: names no symbol/],
    [[`@${join(lists, 'none.list')}`], /none\.list: .*no such file/],
    [['-'], /<stdin>: names no symbol/],
  ])('%j is refused', async (args, why) => {
    const ran = await ask(['affected', ...args]);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toMatch(why);
  });
});

describe('a symbol that is unknown', () => {
  test.each(['affected', 'callers', 'inlined'])('leaves the others their answers: %s', async (command) => {
    const ran = await ask([command, `@${join(lists, 'mixed.list')}`, 'hots']);
    expect(ran.code).toBe(2);
    expect(answered(ran.out)).toContain('plain');
    expect(ran.err.trimEnd().split('\n')).toEqual([
      'klp-reach: plian is not in the index; did you mean plain?',
      expect.stringMatching(/^klp-reach: "two words" names no symbol; write it as /),
      'klp-reach: hots is not in the index; did you mean host?',
    ]);
  });

  test.each(['json', 'csv'])('in %s, too', async (format) => {
    const ran = await ask(['affected', 'plain', 'nosuch', '--format', format]);
    expect(ran.code).toBe(2);
    expect(ran.out).toContain('host');
    expect(ran.err).toMatch(/^klp-reach: nosuch is not in the index/);
  });

  test('alone has no answer', async () => {
    expect(await ask(['affected', 'nosuch', '--format', 'json'])).toMatchObject({ code: 2, out: '' });
  });

  test('may be a variable', async () => {
    const ran = await ask(['affected', 'counter']);
    expect(ran).toMatchObject({
      code: 2,
      out: '',
      err: 'klp-reach: counter is a variable (.data of data), no function; ask for the functions that use it\n',
    });
  });

  test('many unknown ones are each named, the first of them with names near to theirs', async () => {
    const names = Array.from({ length: 25 }, (_, at) => `plainn${at}`);
    const ran = await ask(['affected', '-'], { input: names.join('\n') });
    const lines = ran.err.trimEnd().split('\n');
    expect(lines).toHaveLength(25);
    expect(lines[0]).toContain('did you mean');
    expect(lines[24]).toBe('klp-reach: plainn24 is not in the index');
  });

  test('cannot command the terminal', async () => {
    expect((await ask(['affected', 'no\u001b[2Jsuch'])).err).toContain('no\\u{1b}[2Jsuch');
  });
});

describe('which function is meant', () => {
  test.each([
    ['--file', 'fs/b.c'],
    ['--unit', 'b.c'],
    ['-u', 'fs/b.c.000i.ipa-clones'],
  ])('%s %s', async (...option) => {
    const ran = await ask(['affected', 'state', ...option]);
    expect(ran.out).toMatch(/^state {2}fs\/b\.c/);
    expect(answered(ran.out)).toHaveLength(1);
  });

  test('never cuts the answer: what stands in elsewhere stays', async () => {
    for (const option of [[], ['--file', 'mm/a.c'], ['--unit', 'mm/a.c'], ['--build', 'default']]) {
      const ran = await ask(['affected', 'helper', ...option, '--names']);
      expect(ran).toMatchObject({ code: 0, err: '', out: 'from_b\nlocal_caller\nhost\n' });
    }
  });

  test('a symbol that says its file is not given another', async () => {
    const ran = await ask(['affected', 'state@a.c', '--file', 'b.c']);
    expect(ran).toMatchObject({ code: 2, out: '' });
    expect(ran.err).toContain('says its file itself');
  });
});

describe('names for a pipe', () => {
  test('are those to replace', async () => {
    expect((await ask(['affected', 'helper', 'plain', '--names'])).out).toBe(
      'from_b\nlocal_caller\nhost\nplain\n',
    );
  });

  test('or of the classes that are asked for', async () => {
    expect((await ask(['affected', 'helper', '--names', '--only', 'blocked,gone'])).out).toBe(
      'helper\nstuck\n',
    );
    expect((await ask(['inlined', 'host', '--names'])).out).toBe('plain\nhost\n');
  });

  test('what is no function to replace is said beside them', async () => {
    const ran = await ask(['affected', 'end', '--names']);
    expect(ran.out).toBe('end\n');
    expect(ran.err).toMatch(
      /^klp-reach: end: .*keeps the old code\nklp-reach: end: the answer is incomplete\n$/,
    );
  });
});

test.each([
  [['--only', 'everything'], /Classes are patch, clone/],
  [['--only', 'patch', '--format', 'json'], /--only is for text, not for json/],
  [['--names', '--format', 'klp'], /--names is for text/],
  [['--tree', '--format', 'csv'], /--tree is for text/],
  [['--each'], /--each is for the formats klp and patched-funcs/],
])('%j is refused', async (options, why) => {
  const ran = await ask(['affected', 'plain', ...options]);
  expect(ran).toMatchObject({ code: 2, out: '' });
  expect(ran.err).toMatch(why);
});

describe('--strict', () => {
  test.each([
    ['affected', 'plain', 0],
    ['affected', 'end', 1],
    ['callers', 'plain', 0],
    ['callers', 'quiet', 1],
    ['inlined', 'plain', 0],
  ])('%s %s exits with %d', async (command, symbol, code) => {
    expect((await ask([command, symbol, '--strict'])).code).toBe(code);
    expect((await ask([command, symbol])).code).toBe(0);
  });

  test('an unknown symbol counts more', async () => {
    expect((await ask(['affected', 'end', 'nosuch', '--strict'])).code).toBe(2);
  });
});

test('callers: who calls it, what is replaced, and then what affected says', async () => {
  const [callers, affected] = await Promise.all([ask(['callers', 'stuck']), ask(['affected', 'stuck'])]);
  expect(callers.out).toContain(`called by 3 functions after optimisation, in 3 places

3 functions call it and are replaced
`);
  expect(callers.out.endsWith(affected.out.slice(affected.out.indexOf('\n') + 1))).toBe(true);
});

test('the tree', async () => {
  expect((await ask(['affected', 'helper', '--tree'])).out).toContain(`
mm/a.c
  helper  gone  mm/a.c:103
    inlined: stuck  blocked  mm/a.c:104
      called by: `);
});

test('a unit that does not have the function: those that do are named', async () => {
  for (const symbol of ['plain', 'plain@mm/a.c', 'plain@fs/b.c']) {
    const { code, out, err } = await ask(['affected', symbol, '--unit', 'fs/b.c']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toBe('klp-reach: plain is not in the units asked about; it is in mm/a.c\n');
  }
  expect((await ask(['affected', 'state', '-u', 'NOPE'])).err).toBe(
    'klp-reach: state is not in the units asked about; it is in fs/b.c, mm/a.c\n',
  );
});

describe('an export', () => {
  test('of one function', async () => {
    const ran = await ask(['affected', 'plain', '--format', 'patched-funcs']);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain('vmlinux host');
  });

  test('of several is refused, unless each is asked for', async () => {
    const args = ['affected', 'state', '--format', 'klp'];
    const refused = await ask(args);
    expect(refused).toMatchObject({ code: 2, out: '' });
    expect(refused.err).toContain('--each');
    const each = await ask([...args, '--each']);
    expect(each.code).toBe(0);
    expect(each.out.match(/struct klp_object/g)!.length).toBeGreaterThanOrEqual(2);
  });

  test.each(['klp', 'patched-funcs'])('that has to leave something out exits with 1: %s', async (format) => {
    const partial = await ask(['affected', 'end', '--format', format]);
    expect(partial.code).toBe(1);
    expect(partial.out).toContain('end');
    const nothing = await ask(['affected', 'quiet', '--format', format]);
    expect(nothing).toMatchObject({ code: 1, out: '' });
    expect(nothing.err).toContain('quiet');
  });
});

const terminal = 'script';
const hasScript = spawnSync(terminal, ['--version']).status === 0;

describe.skipIf(!hasScript)('on a terminal', () => {
  /** What a person sees, with `out` as what stands where standard output goes. */
  function on(env: Readonly<Record<string, string>>, args: readonly string[] = ['affected', 'plain']) {
    const line = [process.execPath, COMMAND, ...args, '--db', db].map((word) => `'${word}'`).join(' ');
    const { stdout, status } = spawnSync(terminal, ['-qec', line, '/dev/null'], {
      encoding: 'utf8',
      env: { ...cleanEnvironment(), TERM: 'xterm', NO_COLOR: '1', ...env },
      timeout: 60_000,
    });
    return { shown: stdout.replaceAll('\r', ''), code: status };
  }
  const PAGED = 'sed s/^/paged:/';
  const seen = (env: Readonly<Record<string, string>>, args?: readonly string[]) => on(env, args).shown;

  test('the pager is $KLP_REACH_PAGER, else $PAGER', () => {
    expect(seen({ KLP_REACH_PAGER: PAGED })).toMatch(/^paged:plain {2}/);
    expect(seen({ PAGER: PAGED })).toMatch(/^paged:plain {2}/);
    expect(seen({ KLP_REACH_PAGER: 'cat', PAGER: PAGED })).toMatch(/^plain {2}/);
    expect(seen({ KLP_REACH_PAGER: '', PAGER: PAGED })).toMatch(/^plain {2}/);
  });

  test('less is told to show colours and to leave short answers be, unless somebody told it else', () => {
    const pager = 'cat > /dev/null; echo "$LESS $LV"';
    expect(seen({ PAGER: pager })).toBe('FRX -c\n');
    expect(seen({ PAGER: pager, LESS: 'S' })).toBe('S -c\n');
  });

  test('none where it is not wanted', () => {
    expect(seen({ PAGER: PAGED }, ['affected', 'plain', '--no-pager'])).toMatch(/^plain {2}/);
    expect(seen({ PAGER: PAGED, TERM: 'dumb' })).toMatch(/^plain {2}/);
    expect(seen({ PAGER: PAGED }, ['affected', 'plain', '--format', 'json'])).not.toContain('paged:');
    expect(seen({ PAGER: PAGED }, ['affected', 'plain', '--names'])).toBe('plain\nhost\n');
  });

  test('audit and check go through it too', () => {
    const patched = join(lists, 'patched.list');
    for (const args of [
      ['audit', '--changed', 'plain'],
      ['check', patched],
    ]) {
      expect(seen({ PAGER: PAGED }, args)).toMatch(/^paged:/);
      expect(seen({ PAGER: PAGED }, [...args, '--no-pager'])).not.toContain('paged:');
      expect(seen({ PAGER: PAGED }, [...args, '--format', 'json'])).not.toContain('paged:');
    }
    // What is found is told by the exit code, whoever shows it.
    const missed = ['audit', '--changed', 'plain', '--livepatch', patched];
    expect(on({ PAGER: PAGED }, missed)).toMatchObject({ code: 1 });
  });

  test('one that cannot be run is done without', () => {
    expect(seen({ PAGER: 'no-such-pager-at-all' })).toContain('\nreplace 2 functions\n');
  });

  test('one that has seen enough ends the answer, and the exit code stays', () => {
    const { shown, code } = on({ PAGER: 'head -n 1' }, ['affected', 'end', '--strict']);
    expect(shown).toMatch(/^end {2}mm\/a\.c:\d+\n$/);
    expect(code).toBe(1);
  });

  test('what is unknown is said last', () => {
    const { shown, code } = on({ PAGER: PAGED }, ['affected', 'nosuch', 'plain']);
    expect(shown.trimEnd().split('\n').at(-1)).toMatch(/^klp-reach: nosuch is not in the index/);
    expect(code).toBe(2);
  });
});
