import { buildElf, type ElfSpec } from './elf-builder.js';

const X86_64 = 62;

/** A note of an ELF file. */
export function note(owner: string, type: number, description: Uint8Array, littleEndian = true): Buffer {
  const name = Buffer.from(`${owner}\0`);
  const header = Buffer.alloc(12);
  [name.length, description.length, type].forEach((value, at) => {
    if (littleEndian) header.writeUInt32LE(value, at * 4);
    else header.writeUInt32BE(value, at * 4);
  });
  return Buffer.concat([header, padded(name), padded(description)]);
}

function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}

/** A linked kernel with some of what tells which one it is. */
export function vmlinuxOf(
  { release, buildId, rodata = Buffer.alloc(0) }: { release?: string; buildId?: string; rodata?: Buffer },
  more: ElfSpec = {},
): Uint8Array {
  const banner = release === undefined ? '' : `Linux version ${release} (me@here) (gcc 12) #1 SMP\n\0`;
  return buildElf({
    type: 2,
    machine: X86_64,
    ...more,
    sections: [
      ...(more.sections ?? []),
      { name: '.rodata', flags: 2, data: Buffer.concat([Buffer.from(banner), rodata]) },
      ...(buildId === undefined
        ? []
        : [{ name: '.notes', type: 7, flags: 2, data: note('GNU', 3, Buffer.from(buildId, 'hex')) }]),
    ],
  });
}

/** A module without code that says this vermagic. */
export function moduleFor(vermagic: string, more: ElfSpec = {}): Uint8Array {
  const said = Buffer.from(`license=GPL\0vermagic=${vermagic}\0`);
  return buildElf({
    machine: X86_64,
    ...more,
    sections: [...(more.sections ?? []), { name: '.modinfo', flags: 2, data: said }],
  });
}
