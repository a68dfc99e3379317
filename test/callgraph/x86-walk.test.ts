import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { opcodesOf } from '../../src/callgraph/x86-walk.js';
import { EM_X86_64, openElf } from '../../src/elf/index.js';
import { bodiesOf } from '../../src/symbols/bodies.js';
import { objectFunctions } from '../../src/symbols/object-functions.js';
import { openCorpus } from '../helpers/corpus.js';
import { missing } from './programs.js';

/** Instructions, a bar before the opcode. */
const KNOWN = [
  '|90 nop',
  '|c3 ret',
  'f3 |0f 1e fa endbr64',
  '66 2e |0f 1f 84 00 00 00 00 00 cs nopw 0x0(%rax,%rax,1)',
  '|0f 0b ud2',
  '|55 push',
  '48 |89 e5 mov %rsp,%rbp',
  '|8b 05 01 02 03 04 mov 0x4030201(%rip),%eax',
  '|8b 04 25 01 02 03 04 mov 0x4030201,%eax',
  '|8b 04 85 01 02 03 04 mov 0x4030201(,%rax,4),%eax',
  '|8b 44 24 08 mov 0x8(%rsp),%eax',
  '|8b 84 24 01 02 03 04 mov 0x4030201(%rsp),%eax',
  '48 |8d 3d 01 02 03 04 lea 0x4030201(%rip),%rdi',
  '49 |b8 01 02 03 04 05 06 07 08 movabs',
  '66 |b8 01 02 mov $0x201,%ax',
  '|b8 01 02 03 04 mov',
  '66 |81 78 08 01 02 cmpw $0x201,0x8(%rax)',
  '48 |81 ec 01 02 03 04 sub $0x4030201,%rsp',
  '|f6 c1 01 test $1,%cl',
  '|f7 c1 01 02 03 04 test $0x4030201,%ecx',
  '66 |f7 c1 01 02 test $0x201,%cx',
  '|f7 d8 neg',
  '|0f 84 01 02 03 04 je',
  '|74 05 je',
  '|e3 05 jrcxz',
  '|e8 01 02 03 04 call',
  '2e |e8 01 02 03 04 cs call',
  '|ff d0 call *%rax',
  '3e |ff e0 notrack jmp *%rax',
  'f0 48 |0f b1 0a lock cmpxchg',
  '65 48 |8b 04 25 28 00 00 00 mov %gs:0x28,%rax',
  '|0f 20 d8 mov %cr3,%rax',
  '|c8 01 02 03 enter',
  '48 |a1 01 02 03 04 05 06 07 08 movabs',
];

/** Not walked: no integer instructions, or undefined. */
const UNKNOWN = [
  'c5 f8 77 vzeroupper',
  '62 f1 7c 48 28 c0 vmovaps',
  '0f 28 c1 movaps',
  'd9 e8 fld1',
  '9b db e3 finit',
  '0f 38 f0 00 movbe',
  '0f ff c0 ud0',
  '06 push %es',
  '66 e8 01 02 03 04 of two sizes',
  '48 66 90 a prefix behind REX',
  'ff f8 no operation',
];

function bytesOf(line: string): { readonly bytes: number[]; readonly opcode: number } {
  const hex = /^(?:\|?[0-9a-f]{2} )+/.exec(line)![0].trim().split(' ');
  const opcode = Math.max(
    0,
    hex.findIndex((byte) => byte.startsWith('|')),
  );
  return { bytes: hex.map((byte) => Number.parseInt(byte.replace('|', ''), 16)), opcode };
}

const walked = (bytes: readonly number[], is64 = true) =>
  opcodesOf(Uint8Array.from(bytes), 0, bytes.length, is64);

test.each(KNOWN)('%s', (line) => {
  const { bytes, opcode } = bytesOf(line);
  expect([...(walked(bytes) ?? [])]).toEqual(bytes.map((_, at) => (at === opcode ? 1 : 0)));
});

test.each(UNKNOWN)('not walked: %s', (line) => {
  expect(walked(bytesOf(line).bytes)).toBeUndefined();
});

test('32-bit code has instructions where 64-bit code has REX, and other addresses', () => {
  expect([...walked([0x40, 0x48, 0xa1, 1, 2, 3, 4], false)!]).toEqual([1, 1, 1, 0, 0, 0, 0]);
  expect(walked([0x67, 0x8b, 0x07], false)).toBeUndefined();
});

test('code is walked if its last instruction ends where it does', () => {
  const instructions = fc.array(fc.constantFrom(...KNOWN.map(bytesOf)), { minLength: 1 });
  fc.assert(
    fc.property(instructions, fc.nat(), (list, cut) => {
      const bytes = list.flatMap((one) => one.bytes);
      const marks = list.flatMap(({ bytes: own, opcode }) => own.map((_, at) => (at === opcode ? 1 : 0)));
      expect([...walked(bytes)!]).toEqual(marks);
      const ends = new Set(list.map((_, nth) => list.slice(0, nth + 1).flatMap((one) => one.bytes).length));
      const end = cut % (bytes.length + 1);
      expect(walked(bytes.slice(0, end)) !== undefined).toBe(end === 0 || ends.has(end));
    }),
  );
});

test('any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.boolean(), (bytes, is64) => {
      const opcodes = opcodesOf(bytes, 0, bytes.length, is64);
      expect(opcodes === undefined || opcodes.length === bytes.length).toBe(true);
    }),
  );
});

const corpus = openCorpus();
const why = corpus.why || missing('objdump');
/** The folders of objects that are compared; all with KLP_REACH_WALK='*'. */
const { KLP_REACH_WALK = 'lib/*' } = process.env;
const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

describe.skipIf(why !== '')('the functions of a real kernel', { timeout: 1_200_000 }, () => {
  test('are of the instructions that objdump sees, nearly all', () => {
    const counts = { walked: 0, unknown: 0 };
    const differ: string[] = [];
    corpus.unpacked('objects.tar.zst', [KLP_REACH_WALK], (root) => {
      for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
        if (name.endsWith('.o')) compare(join(root, name), counts, differ);
      }
    });
    console.info(KLP_REACH_WALK, counts);
    expect(differ).toEqual([]);
    expect(counts.unknown).toBeLessThan(counts.walked / 20);
  });
});

function compare(file: string, counts: { walked: number; unknown: number }, differ: string[]): void {
  const elf = openElf(readFileSync(file), file);
  const { bodies } = bodiesOf(objectFunctions(elf));
  const starts = startsOfInstructions(
    file,
    elf.sections.map(({ name }) => name),
  );
  for (let body = 0; body < bodies.value.length; body++) {
    const section = elf.sections[bodies.sectionIndex[body]!]!;
    const start = bodies.value[body]!;
    const isLast = bodies.sectionIndex[body + 1] !== section.index;
    const end = Math.min(
      start + bodies.size[body]!,
      isLast ? Number.POSITIVE_INFINITY : bodies.value[body + 1]!,
    );
    const bytes = elf.sectionBytes(section);
    const opcodes = opcodesOf(bytes, start, end, elf.machine === EM_X86_64);
    if (opcodes === undefined) {
      counts.unknown++;
      continue;
    }
    counts.walked++;
    const expected = new Uint8Array(end - start);
    for (const from of starts.get(section.name) ?? []) {
      if (from < start || from >= end) continue;
      let opcode = from;
      while (PREFIXES.has(bytes[opcode]!)) opcode++;
      if (elf.machine === EM_X86_64 && (bytes[opcode]! & 0xf0) === 0x40) opcode++;
      expected[opcode - start] = 1;
    }
    if (Buffer.compare(expected, opcodes) !== 0) differ.push(`${file} ${section.name}+${start.toString(16)}`);
  }
}

/** Section -> offsets, where only one section has its name. */
function startsOfInstructions(file: string, sections: readonly string[]): Map<string, number[]> {
  const said = execFileSync('objdump', ['-d', '--no-show-raw-insn', file], {
    encoding: 'utf8',
    maxBuffer: 1 << 30,
    env: { ...process.env, LC_ALL: 'C' },
  });
  const found = new Map<string, number[]>();
  let starts: number[] = [];
  for (const line of said.split('\n')) {
    const section = /^Disassembly of section (.*):$/.exec(line);
    if (section) {
      starts = [];
      if (sections.indexOf(section[1]!) === sections.lastIndexOf(section[1]!)) found.set(section[1]!, starts);
    } else {
      const at = /^ *([0-9a-f]+):\t/.exec(line);
      if (at) starts.push(Number.parseInt(at[1]!, 16));
    }
  }
  return found;
}
