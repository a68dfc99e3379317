import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisassemblyParser, type Transfer } from '../../src/callgraph/disassembly.js';
import { instructionSetOf } from '../../src/callgraph/instruction-set.js';
import { EM_386, EM_AARCH64, EM_PPC64, EM_S390, EM_X86_64 } from '../../src/elf/index.js';

function transfers(machine: number, text: string, piece = text.length): string[] {
  const rows: string[] = [];
  const set = instructionSetOf(machine)!;
  const parser = new DisassemblyParser(set, {
    section: (name) => rows.push(name),
    transfer: (transfer) => rows.push(row(transfer)),
  });
  for (let at = 0; at < text.length; at += piece) parser.push(text.slice(at, at + piece));
  parser.end();
  return rows;
}

function row({ kind, offset, symbol, addend, target }: Transfer): string {
  const to = symbol === undefined ? target?.toString(16) : `${symbol}${addend === 0 ? '' : `+${addend}`}`;
  return `${offset.toString(16)} ${kind}${to === undefined ? '' : ` ${to}`}`;
}

const X86 = `
a.o:     file format elf64-x86-64


Disassembly of section .text:

0000000000000000 <f>:
   0:\tcall   5 <f+0x5>
\t\t\t1: R_X86_64_PLT32\t__fentry__-0x4
   5:\tmov    0x0(%rip),%rax        # c <f+0xc>
\t\t\t8: R_X86_64_PC32\tcalls-0x4
   c:\tcmp    $0x5,%edi
   f:\tje     22 <f+0x22>
  11:\tcall   60 <g>
  16:\tcallq  1b <f+0x1b>
\t\t\t17: R_X86_64_PC32\t.text.unlikely+0x1c
  1b:\tjmp    20 <f+0x20>
\t\t\t1c: R_X86_64_PLT32\text-0x4
  20:\tjne    26 <f+0x26>
\t\t\t22: R_X86_64_PLT32\text-0x4
  26:\tbnd jmp 2c <f+0x2c>
\t\t\t28: R_X86_64_PLT32\text-0x4
  2c:\tnotrack jmp *%rax
  2f:\tcs call 35 <f+0x35>
\t\t\t31: R_X86_64_PLT32\t__x86_indirect_thunk_rax-0x4
  35:\tcall   *0x8(%rax)
  38:\tcall   *0x0(%rip)        # 3e <f+0x3e>
\t\t\t3a: R_X86_64_PC32\tpv_ops+0x54
  3e:\tcall   *0x0(%rip)        # 44 <f+0x44>
\t\t\t40: R_X86_64_GOTPCRELX\text-0x4
  44:\tjmp    *%rax
  46:\tret
\t...

Disassembly of section .init.text:

0000000000000000 <initf>:
       0:\tcall   5 <initf+0x5>
\t\t\t1: R_X86_64_PLT32\t.text+0x5c
`;

describe('x86_64', () => {
  test('calls and jumps, relocated and not', () => {
    expect(transfers(EM_X86_64, X86)).toEqual([
      '.text',
      '0 call __fentry__',
      'f jump 22',
      '11 call 60',
      '16 call .text.unlikely+32',
      '1b jump ext',
      '20 jump ext',
      '26 jump ext',
      '2f call __x86_indirect_thunk_rax',
      '35 indirect call',
      '38 indirect call',
      '3e call ext',
      '44 indirect jump',
      '.init.text',
      '0 call .text+96',
    ]);
  });

  test('the output may come in any pieces', () => {
    const whole = transfers(EM_X86_64, X86);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), (piece) => {
        expect(transfers(EM_X86_64, X86, piece)).toEqual(whole);
      }),
    );
  });
});

test('i386 keeps the addend in the instruction', () => {
  const text = `Disassembly of section .text:

00000000 <f>:
   0:\tcall   1 <f+0x1>
\t\t\t1: R_386_PC32\text
   5:\tcall   1e <f+0x1e>
\t\t\t6: R_386_PC32\t.text.unlikely
   a:\tcall   20 <g>
`;
  expect(transfers(EM_386, text)).toEqual(['.text', '0 call ext', '5 call .text.unlikely+24', 'a call 20']);
});

test('arm64', () => {
  const text = `Disassembly of section .text:

0000000000000000 <f>:
   0:\tnop
   4:\tbti\tc
   8:\tbl\t0 <ext>
\t\t\t8: R_AARCH64_CALL26\text
   c:\tbl\t40 <g>
  10:\tb.le\t78 <f+0x78>
  14:\tb.ne\t0 <ext>  // b.any
\t\t\t14: R_AARCH64_CONDBR19\text
  18:\tcbz\tw0, 30 <f+0x30>
  1c:\ttbnz\tw0, #5, 34 <f+0x34>
  20:\tadrp\tx1, 0 <f>
\t\t\t20: R_AARCH64_ADR_PREL_PG_HI21\tfp
  24:\tblr\tx1
  28:\tblraaz\tx3
  2c:\tbr\tx16
  30:\tbic\tx0, x0, x1
  34:\tbfi\tw0, w1, #4, #4
  38:\tb\t0 <ext>
\t\t\t38: R_AARCH64_JUMP26\t.text.unlikely+0x10
  3c:\tret
  40:\t.word\t0x00000000
`;
  expect(transfers(EM_AARCH64, text)).toEqual([
    '.text',
    '8 call ext',
    'c call 40',
    '10 jump 78',
    '14 jump ext',
    '18 jump 30',
    '1c jump 34',
    '24 indirect call',
    '28 indirect call',
    '2c indirect jump',
    '38 jump .text.unlikely+16',
  ]);
});

test('ppc64le', () => {
  const text = `Disassembly of section .text:

0000000000000000 <f>:
   0:\taddis   r2,r12,0
\t\t\t0: R_PPC64_REL16_HA\t.TOC.
   8:\tmflr    r0
   c:\tbl      c <f+0xc>
\t\t\tc: R_PPC64_REL24\t_mcount
  10:\tbcl     20,31,14 <f+0x14>
  14:\tble     f8 <f+0xf8>
  18:\tbne+    cr7,a0 <f+0xa0>
  1c:\tbdnz    20 <f+0x20>
  20:\tbl      60 <g+0x8>
  24:\tbrh     r3,r3
  28:\tbl      28 <f+0x28>
\t\t\t28: R_PPC64_TLSGD\tx
\t\t\t28: R_PPC64_REL24_NOTOC\text
  2c:\tbctrl
  30:\tbctrl
\t\t\t30: R_PPC64_PLTCALL\text
  34:\tbctr
  38:\tbeqlr
  3c:\tb       3c <f+0x3c>
\t\t\t3c: R_PPC64_REL24\text
  40:\tblr
  44:\t.long 0x0
`;
  expect(transfers(EM_PPC64, text)).toEqual([
    '.text',
    'c call _mcount',
    '14 jump f8',
    '18 jump a0',
    '1c jump 20',
    '20 call 60',
    '28 call ext',
    '2c indirect call',
    '30 call ext',
    '34 indirect jump',
    '3c jump ext',
  ]);
});

test('s390x', () => {
  const text = `Disassembly of section .text:

0000000000000000 <f>:
   0:\tbrasl\t%r0,0 <f>
\t\t\t2: R_390_PLT32DBL\t__fentry__+0x2
   6:\tlarl\t%r1,6 <f+0x6>
\t\t\t8: R_390_PC32DBL\t.rodata+0x2
   c:\tbrasl\t%r14,c <f+0xc>
\t\t\te: R_390_PC32DBL\t.text.unlikely+0x22
  12:\tjle\t84 <f+0x84>
  16:\tjge\t16 <f+0x16>
\t\t\t18: R_390_PLT32DBL\text+0x2
  1c:\tbrct\t%r11,42 <f+0x42>
  20:\tcgije\t%r2,0,50 <f+0x50>
  26:\tcgr\t%r2,%r3
  2a:\tclgrl\t%r2,2a <f+0x2a>
\t\t\t2c: R_390_PC32DBL\tx+0x2
  30:\tbasr\t%r14,%r1
  32:\tbasr\t%r13,0
  34:\tbr\t%r1
  36:\tjnop\t3a <f+0x3a>
  3a:\tjg\t100 <g>
  40:\tber\t%r14
  42:\tbr\t%r14
  44:\tnopr\t%r7
`;
  expect(transfers(EM_S390, text)).toEqual([
    '.text',
    '0 call __fentry__',
    'c call .text.unlikely+32',
    '12 jump 84',
    '16 jump ext',
    '1c jump 42',
    '20 jump 50',
    '30 indirect call',
    '34 indirect jump',
    '3a jump 100',
  ]);
});

test('no other machine is known', () => {
  expect(instructionSetOf(243)).toBeUndefined();
});
