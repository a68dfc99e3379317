import { describe, expect, test } from 'vitest';
import { DisassemblyParser } from '../../src/callgraph/disassembly.js';
import type { CallFacts } from '../../src/callgraph/facts.js';
import { instructionSetOf } from '../../src/callgraph/instruction-set.js';
import { MachineCalls } from '../../src/callgraph/machine-calls.js';
import {
  EM_AARCH64,
  EM_PPC64,
  EM_S390,
  EM_X86_64,
  openElf,
  STB_GLOBAL,
  STB_LOCAL,
  STB_WEAK,
  STT_FUNC,
  STT_NOTYPE,
  STT_SECTION,
} from '../../src/elf/index.js';
import { buildElf, type SectionSpec, type SymbolSpec } from '../helpers/elf-builder.js';
import { callRows, namesOf } from './call-rows.js';

const code = (name: string, size = 0x100): SectionSpec => ({ name, flags: 6, data: new Uint8Array(size) });
const func = (name: string, section: number, value: number, size: number, bind = STB_LOCAL): SymbolSpec => ({
  name,
  section,
  value,
  size,
  bind,
  type: STT_FUNC,
});

/** The calls of an object with these sections and symbols, of which objdump prints this. */
function calls(
  machine: number,
  sections: readonly SectionSpec[],
  symbols: readonly SymbolSpec[],
  text: string,
) {
  const elf = openElf(buildElf({ machine, littleEndian: machine !== EM_S390, sections, symbols }), 'a.o');
  const set = instructionSetOf(machine)!;
  const found = new MachineCalls(elf, set);
  const parser = new DisassemblyParser(set, found);
  parser.push(text.replaceAll('|', '\t'));
  parser.end();
  return found.finish();
}

/** `SECTION: CALLEE` of each call by code that no function holds. */
const nameless = (facts: CallFacts) =>
  Array.from(
    facts.namelessCallee,
    (callee, i) => `${facts.names[facts.namelessSection[i]!]}: ${facts.names[callee]}`,
  );

test('calls within a section, recursion, jumps within and out of a function', () => {
  const facts = calls(
    EM_X86_64,
    [code('.text')],
    [func('f', 1, 0, 0x20), func('g', 1, 0x20, 0x10)],
    `Disassembly of section .text:
   0:|call   5 <f+0x5>
|||1: R_X86_64_PLT32|__fentry__-0x4
   5:|call   20 <g>
   a:|call   0 <f>
   f:|call   12 <f+0x12>
  12:|jne    1a <f+0x1a>
  14:|jmp    20 <g>
  20:|jmp    25 <g+0x5>
|||21: R_X86_64_PLT32|ext-0x4
  25:|jmp    20 <g>
`,
  );
  expect(callRows(facts)).toEqual(['f -> f', 'f -> g x2', 'g -> ext']);
  expect(namesOf(facts, facts.functionName)).toEqual(['f', 'g']);
  expect(nameless(facts)).toEqual([]);
});

describe('code that was split off belongs to its function', () => {
  const sections = [code('.text'), code('.text.unlikely'), code('.init.text')];
  const symbols = [
    func('f.constprop.0', 1, 0x10, 0x20),
    func('g', 1, 0x30, 0x10),
    func('f.constprop.0.cold', 2, 4, 0x20),
    func('slow', 2, 0x24, 4),
    func('initf', 3, 0, 0x10),
  ];
  test("jumps to .cold are no calls, and its calls are the function's", () => {
    const facts = calls(
      EM_X86_64,
      sections,
      symbols,
      `Disassembly of section .text:
  10:|jne    16 <f.constprop.0+0x6>
|||12: R_X86_64_PC32|.text.unlikely+0x0
  30:|call   35 <g+0x5>
|||31: R_X86_64_PC32|.text.unlikely+0x20

Disassembly of section .text.unlikely:
   4:|call   24 <slow>
   9:|call   e <f.constprop.0.cold+0xa>
|||a: R_X86_64_PLT32|panic-0x4
   e:|jmp    13 <f.constprop.0.cold+0xf>
|||f: R_X86_64_PC32|.text+0x14

Disassembly of section .init.text:
   0:|call   5 <initf+0x5>
|||1: R_X86_64_PC32|.text+0xc
`,
    );
    expect(callRows(facts)).toEqual([
      'f.constprop.0 -> panic',
      'f.constprop.0 -> slow',
      'g -> slow',
      'initf -> f.constprop.0',
    ]);
    expect(namesOf(facts, facts.functionName)).toEqual(['f.constprop.0', 'g', 'initf', 'slow']);
  });
});

test('code with several names calls as one, and is called by the name that the call says', () => {
  const facts = calls(
    EM_X86_64,
    [code('.text')],
    [
      func('__do_sys_fork', 1, 0, 0x10),
      func('caller', 1, 0x20, 0x10),
      func('__x64_sys_fork', 1, 0, 0x10, STB_GLOBAL),
      func('weak_fork', 1, 0, 0x10, STB_WEAK),
    ],
    `Disassembly of section .text:
   0:|call   5 <__do_sys_fork+0x5>
|||1: R_X86_64_PLT32|kernel_clone-0x4
  20:|call   25 <caller+0x5>
|||21: R_X86_64_PLT32|__x64_sys_fork-0x4
`,
  );
  expect(callRows(facts)).toEqual(['__do_sys_fork -> kernel_clone', 'caller -> __do_sys_fork']);
  expect(namesOf(facts, facts.functionName)).toEqual([
    '__do_sys_fork',
    '__x64_sys_fork',
    'caller',
    'weak_fork',
  ]);
});

test('thunks are calls through a pointer, of which nobody knows the callee; the return thunk is none', () => {
  const facts = calls(
    EM_X86_64,
    [code('.text')],
    [func('f', 1, 0, 0x20)],
    `Disassembly of section .text:
   0:|call   5 <f+0x5>
|||1: R_X86_64_PLT32|__x86_indirect_thunk_rax-0x4
   5:|jmp    a <f+0xa>
|||6: R_X86_64_PLT32|__x86_indirect_thunk_r11-0x4
   a:|jmp    f <f+0xf>
|||b: R_X86_64_PLT32|__x86_return_thunk-0x4
   f:|call   *0x0(%rip)        # 15 <f+0x15>
|||11: R_X86_64_PC32|pv_ops+0x54
`,
  );
  expect(callRows(facts)).toEqual([]);
  expect(nameless(facts)).toEqual([]);
});

test('a replacement is the code of the function that it is patched over', () => {
  const facts = calls(
    EM_X86_64,
    [
      code('.text'),
      code('.altinstr_replacement', 0x20),
      { name: '.altinstructions', flags: 2, data: new Uint8Array(24) },
      {
        name: '.rela.altinstructions',
        info: 3,
        relocations: [
          { offset: 0, symbol: 1, addend: 0x5 },
          { offset: 4, symbol: 2, addend: 0 },
          { offset: 12, symbol: 1, addend: 0x25 },
          { offset: 16, symbol: 2, addend: 5 },
        ],
      },
      code('.altinstr_aux', 0x20),
    ],
    [
      { name: '', type: STT_SECTION, section: 1 },
      { name: '', type: STT_SECTION, section: 2 },
      func('f', 1, 0, 0x20),
      func('g', 1, 0x20, 0x20),
    ],
    `Disassembly of section .text:
   5:|call   a <f+0xa>
|||6: R_X86_64_PLT32|clear_page_orig-0x4
  25:|jmp    2a <g+0xa>
|||26: R_X86_64_PC32|.altinstr_aux-0x4

Disassembly of section .altinstr_replacement:
   0:|call   5 <.altinstr_replacement+0x5>
|||1: R_X86_64_PLT32|clear_page_rep-0x4
   5:|call   a <.altinstr_replacement+0xa>
|||6: R_X86_64_PLT32|copy_user-0x4
   a:|jmp    f <.altinstr_replacement+0xf>
|||b: R_X86_64_PC32|.text+0x26

Disassembly of section .altinstr_aux:
   0:|jne    6 <.altinstr_aux+0x6>
|||2: R_X86_64_PC32|.text+0x2b
   6:|call   b <.altinstr_aux+0xb>
|||7: R_X86_64_PLT32|somewhere-0x4
   b:|call   10 <.altinstr_aux+0x10>
|||c: R_X86_64_PLT32|somewhere-0x4
`,
  );
  expect(callRows(facts)).toEqual(['f -> clear_page_orig', 'f -> clear_page_rep', 'g -> copy_user']);
  expect(nameless(facts)).toEqual(['.altinstr_aux: somewhere']);
});

test('assembler code without a type is known by its label', () => {
  const facts = calls(
    EM_X86_64,
    [code('.text', 0x40)],
    [
      { name: 'entry', type: STT_NOTYPE, section: 1, value: 0, bind: STB_GLOBAL },
      func('f', 1, 0x10, 0x10),
      { name: 'inner', type: STT_NOTYPE, section: 1, value: 0x14 },
      { name: '.Llabel', type: STT_NOTYPE, section: 1, value: 0x8 },
      func('unsized', 1, 0x20, 0),
    ],
    `Disassembly of section .text:
   0:|call   10 <f>
   9:|jmp    e <entry+0xe>
|||a: R_X86_64_PLT32|inner-0x4
  15:|call   0 <entry>
  3a:|call   10 <f>
`,
  );
  expect(callRows(facts)).toEqual(['entry -> f x2', 'f -> entry', 'unsized -> f']);
  expect(namesOf(facts, facts.functionName)).toEqual(['f', 'unsized']);
});

test('a call of a name that two functions of a joined object have is a call of that name', () => {
  const facts = calls(
    EM_X86_64,
    [code('.text'), code('.text.a'), code('.text.a')],
    [
      func('f', 1, 0, 0x20),
      func('same', 2, 0, 0x10),
      func('same', 3, 0, 0x10),
      func('same.cold', 1, 0x20, 0x10),
      func('last', 3, 0x10, 0x10),
    ],
    `Disassembly of section .text:
   0:|call   5 <f+0x5>
|||1: R_X86_64_PLT32|same-0x4
   5:|call   a <f+0xa>
|||6: R_X86_64_PC32|.text.a-0x4
  20:|call   0 <f>

Disassembly of section .text.a:
   0:|ret

Disassembly of section .text.a:
   0:|call   10 <last>
`,
  );
  expect(callRows(facts)).toEqual(['f -> same x2', 'same -> last', 'same.cold -> f']);
  expect(nameless(facts)).toEqual([]);
});

test('ppc64le calls of the same unit enter behind the set-up of r2', () => {
  const facts = calls(
    EM_PPC64,
    [code('.text')],
    [func('f', 1, 0, 0x40), func('g', 1, 0x40, 0x20)],
    `Disassembly of section .text:
   c:|bl      c <f+0xc>
|||c: R_PPC64_REL24|_mcount
  10:|bcl     20,31,14 <f+0x14>
  14:|bl      48 <g+0x8>
  18:|bl      18 <f+0x18>
|||18: R_PPC64_REL24|.text+0x48
  1c:|bl      8 <f+0x8>
  20:|b       48 <g+0x8>
  48:|b       48 <g+0x8>
|||48: R_PPC64_REL24|f
`,
  );
  expect(callRows(facts)).toEqual(['f -> f', 'f -> g x3', 'g -> f']);
});

test('s390x expolines are calls through a pointer, or returns', () => {
  const facts = calls(
    EM_S390,
    [
      code('.text'),
      code('.text.__s390_indirect_jump_r1', 0x10),
      code('.text.__s390_indirect_jump_r14', 0x10),
    ],
    [
      func('f', 1, 0, 0x20),
      func('__s390_indirect_jump_r1', 2, 0, 0x10),
      func('__s390_indirect_jump_r14', 3, 0, 0x10),
    ],
    `Disassembly of section .text:
   0:|brasl|%r0,0 <f>
|||2: R_390_PLT32DBL|__fentry__+0x2
   6:|brasl|%r14,6 <f+0x6>
|||8: R_390_PLT32DBL|__s390_indirect_jump_r1+0x2
   c:|brasl|%r14,c <f+0xc>
|||e: R_390_PLT32DBL|ext+0x2
  12:|jge|12 <f+0x12>
|||14: R_390_PC32DBL|.text.__s390_indirect_jump_r14+0x2
`,
  );
  expect(callRows(facts)).toEqual(['f -> ext']);
});

test('arm64 keeps replacements behind the functions of the same section', () => {
  const facts = calls(
    EM_AARCH64,
    [
      code('.text'),
      { name: '.altinstructions', flags: 2, data: new Uint8Array(24) },
      {
        name: '.rela.altinstructions',
        info: 2,
        relocations: [
          { offset: 0, symbol: 1, addend: 8 },
          { offset: 4, symbol: 1, addend: 0x40 },
          { offset: 12, symbol: 1, addend: 0x24 },
          { offset: 16, symbol: 3, addend: 0 },
        ],
      },
    ],
    [
      { name: '', type: STT_SECTION, section: 1 },
      func('f', 1, 0, 0x20),
      func('callback', 1, 0x20, 0x20, STB_GLOBAL),
      { name: '$x', type: STT_NOTYPE, section: 1, value: 0x40 },
    ],
    `Disassembly of section .text:
   8:|nop
  40:|bl|0 <ext>
|||40: R_AARCH64_CALL26|ext
  44:|b|c <f+0xc>
`,
  );
  expect(callRows(facts)).toEqual(['f -> ext']);
  expect(nameless(facts)).toEqual([]);
});
