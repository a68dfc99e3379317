import { buildElf } from './elf-builder.js';

const STT_FUNC = 2;
const X86_64 = 62;

/** An object whose .text holds these functions, each of them with an ftrace site; `-name` has none. */
export function objectWith(...names: readonly string[]): Uint8Array {
  const functions = names.map((text, i) => ({ name: text.replace(/^-/, ''), value: i * 16, size: 16 }));
  const sites = functions.filter((_, i) => !names[i]!.startsWith('-'));
  return buildElf({
    machine: X86_64,
    sections: [
      { name: '.text', flags: 6, data: new Uint8Array(names.length * 16) },
      { name: '__mcount_loc', flags: 2, data: new Uint8Array(sites.length * 8) },
      {
        name: '.rela__mcount_loc',
        info: 2,
        relocations: sites.map(({ value }, i) => ({ offset: i * 8, symbol: 1, addend: value })),
      },
    ],
    symbols: [
      { name: '', type: 3, section: 1 },
      ...functions.map((f) => ({ ...f, type: STT_FUNC, section: 1 })),
    ],
  });
}
