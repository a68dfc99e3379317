import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openElf } from '../../src/elf/index.js';
import { producersIn, switchesOf } from '../../src/kernel/switches.js';
import { klpReach } from '../helpers/command.js';
import { hasTool } from '../helpers/demo.js';
import { dump } from '../helpers/dump-text.js';
import { buildElf } from '../helpers/elf-builder.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

const PLAIN = 'GNU C11 12.2.0 -mcmodel=kernel -g -O2 -std=gnu11';
const state = (pass: string, ...producers: string[]) => switchesOf(producers)!.passes.get(pass);

describe('a pass', () => {
  test.each([
    ['ipa-icf', PLAIN, 'on'],
    ['ipa-icf', `${PLAIN} -fno-ipa-icf`, 'off'],
    ['ipa-icf', `${PLAIN} -fno-ipa-icf -fipa-icf`, 'on'],
    ['ipa-icf', 'GNU C11 12.2.0 -O1', 'off'],
    ['ipa-icf', 'GNU C11 12.2.0 -O2 -Os', 'on'],
    ['ipa-icf', 'GNU C11 12.2.0', 'off'],
    ['ipa-ra', `${PLAIN} -flive-patching=inline-clone`, 'off'],
    ['ipa-pure-const', 'GNU C11 12.2.0 -Og', 'on'],
    ['ipa-modref', 'GNU C11 10.2.1 20210110 -O2', 'off'],
    ['ipa-stack-alignment', 'GNU C11 12.2.0', 'on'],
  ])('%s with `%s` is %s', (pass, producer, expected) => expect(state(pass, producer)).toBe(expected));

  test('is mixed where objects differ', () => {
    expect(state('ipa-icf', PLAIN, `${PLAIN} -fno-ipa-icf`)).toBe('mixed');
    expect(switchesOf([])).toBeUndefined();
  });
});

describe('an object records it', () => {
  const strings = Buffer.from(`int\0${PLAIN}\0not GNU C11 1 -O9\0GNU AS 2.40\0`);
  const producers = (section: { name: string; flags?: number; data: Uint8Array }) =>
    producersIn(openElf(buildElf({ sections: [section] }), 'a.o'));

  test.each(['.debug_str', '.debug_line_str', '.GCC.command.line'])('in %s', (name) => {
    expect(producers({ name, data: strings })).toEqual([PLAIN]);
  });

  test('compressed', () => {
    const header = Buffer.alloc(24);
    header.writeUInt32LE(1, 0);
    const data = Buffer.concat([header, deflateSync(strings)]);
    expect(producers({ name: '.debug_str', flags: 0x800, data })).toEqual([PLAIN]);
    expect(producers({ name: '.debug_str', flags: 0x800, data: data.subarray(0, 30) })).toEqual([]);
    expect(producers({ name: '.debug_str', flags: 0x800, data: Buffer.alloc(4) })).toEqual([]);
  });
});

describe.skipIf(!hasTool('gcc'))('GCC itself says the same', () => {
  const levels = ['-O2', '-O2 -fno-ipa-icf', '-O2 -flive-patching=inline-clone', '-O1', '-Os', '-O0'];
  test.each(levels)('with %s', (text) => {
    const flags = text.split(' ');
    const folder = buildDir({ 'a.c': 'int f(int a) { return a + 1; }\n' });
    execFileSync('gcc', [...flags, '-frecord-gcc-switches', '-c', 'a.c'], { cwd: folder });
    const elf = openElf(readFileSync(join(folder, 'a.o')), 'a.o');
    const said = execFileSync('gcc', [...flags, '-Q', '--help=optimizers'], { encoding: 'utf8' });
    const enabled = new Map(
      [...said.matchAll(/-f(ipa-[\w-]+)\s+\[(\w+)\]/g)].map(([, name, on]) => [name!, on]),
    );
    const { passes } = switchesOf(producersIn(elf))!;
    for (const [name, ours] of passes) {
      if (enabled.has(name))
        expect([name, ours]).toEqual([name, enabled.get(name) === 'enabled' ? 'on' : 'off']);
    }
  });

  test('and info tells', async () => {
    const build = buildDir({
      'a.c': 'int f(int a) { return a + 1; }\n',
      'a.c.000i.ipa-clones': dump('f > g'),
    });
    execFileSync('gcc', ['-O2', '-fno-ipa-icf', '-g', '-c', 'a.c'], { cwd: build });
    const db = newIndex();
    await klpReach(['index', build, '--db', db]);
    const { out } = await klpReach(['info', '--db', db]);
    expect(out).toMatch(
      /\n {2}compiler {7}GNU C\d+ \d+\.\S+\n {2}folding {8}off\n {2}other passes {3}ipa-ra, .* on\n/,
    );
    const { builds } = JSON.parse((await klpReach(['info', '--db', db, '--format', 'json'])).out);
    expect(builds[0].kernel).toMatchObject({ passes: { 'ipa-icf': 'off', 'ipa-ra': 'on' }, folded: 0 });
  });
});
