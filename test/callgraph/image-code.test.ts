import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { readCode } from '../../src/callgraph/image-code.js';
import { openElf, STT_FUNC } from '../../src/elf/index.js';
import { missing } from './programs.js';

const directory = mkdtempSync(join(tmpdir(), 'klp-reach-image-code-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const SOURCE = `
int leaf(int x);
int other(int x);
int tail(int x) { return leaf(x); }
int twice(int x) { return leaf(x) + other(x) + 1; }
int (*pick(void))(int) { return other; }
int main(void) { return twice(2) + pick()(3); }
int leaf(int x) { return x * 3; }
int other(int x) { return x ? leaf(x) - 1 : 0; }
`;

describe.each([
  ['x86_64', 'gcc', 'objdump', ['-fcf-protection=none']],
  ['s390x', 's390x-linux-gnu-gcc', 's390x-linux-gnu-gcc', []],
] as const)('code of %s without relocations', (target, gcc, tool, flags) => {
  const why = missing(gcc) || missing(tool);
  test.skipIf(why !== '')(`says what is called and whose address is taken ${why}`, async () => {
    const source = join(directory, 'a.c');
    const image = join(directory, target);
    writeFileSync(source, SOURCE);
    const options = [
      '-O2',
      '-fno-inline',
      '-fno-ipa-icf',
      '-fno-pie',
      '-no-pie',
      '-nostdlib',
      '-static',
      '-Wl,-e,main',
    ];
    execFileSync(gcc, [...options, ...flags, '-o', image, source]);
    const elf = openElf(readFileSync(image), image);
    const symbols = elf.symbols();
    const nameAt = new Map<bigint, string>();
    for (let i = 1; i < symbols.count; i++) {
      if (symbols.type(i) === STT_FUNC) nameAt.set(symbols.value(i), symbols.name(i));
    }
    const starts = [...nameAt.keys()].sort((a, b) => (a < b ? -1 : 1));
    const holder = (address: bigint) => nameAt.get(starts.filter((start) => start <= address).at(-1)!);
    const spans = elf.sections
      .filter(({ name }) => name.startsWith('.text'))
      .map((section) => ({ start: section.address, bytes: elf.sectionBytes(section), labels: starts }));
    const found = new Set<string>();
    await readCode(
      elf,
      spans,
      (address) => nameAt.has(address),
      (how, from, to) => {
        const callee = nameAt.get(to);
        if (callee !== undefined && callee !== holder(from)) found.add(`${holder(from)} ${how} ${callee}`);
      },
    );
    expect([...found].sort()).toEqual([
      'main call pick',
      'main call twice',
      'other call leaf',
      'pick address other',
      'tail call leaf',
      'twice call leaf',
      'twice call other',
    ]);
  });
});

test('a machine that is not known is an error, not silence', async () => {
  const gcc = 'riscv64-linux-gnu-gcc';
  if (missing(gcc) !== '') return;
  const object = join(directory, 'riscv.o');
  writeFileSync(join(directory, 'r.c'), 'int f(int x) { return x; }\n');
  execFileSync(gcc, ['-c', '-o', object, join(directory, 'r.c')]);
  const elf = openElf(readFileSync(object), object);
  const span = { start: 0n, bytes: new Uint8Array(4), labels: [] };
  await expect(
    readCode(
      elf,
      [span],
      () => true,
      () => {},
    ),
  ).rejects.toThrow(/whose code cannot be read/);
});
