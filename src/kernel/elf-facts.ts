import { type Elf, type ElfSection, SHF_ALLOC, SHF_EXECINSTR, SHT_NOTE } from '../elf/index.js';
import { embeddedConfig } from './config.js';

/** NT_GNU_BUILD_ID (include/linux/elf.h). */
const BUILD_ID = 3;
/** A name, a description and a type of 4 bytes each. */
const NOTE_HEADER = 12;

/** The build id that ld wrote with --build-id, in hexadecimal. */
export function buildIdOf(elf: Elf): string | undefined {
  for (const section of elf.sections) {
    if (section.type !== SHT_NOTE) continue;
    const found = buildIdIn(bytesOf(elf, section), elf.littleEndian);
    if (found !== undefined) return found;
  }
  return undefined;
}

function buildIdIn(notes: Buffer, little: boolean): string | undefined {
  const word = (at: number) => (little ? notes.readUInt32LE(at) : notes.readUInt32BE(at));
  for (let at = 0; at + NOTE_HEADER <= notes.length; ) {
    const nameStart = at + NOTE_HEADER;
    const start = nameStart + padded(word(at));
    const end = start + word(at + 4);
    if (end > notes.length) return undefined;
    const isOfGnu = notes.toString('latin1', nameStart, nameStart + word(at)) === 'GNU\0';
    if (isOfGnu && word(at + 8) === BUILD_ID) return notes.toString('hex', start, end);
    at = start + padded(word(at + 4));
  }
  return undefined;
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}

/** What a module's `.modinfo` says under a name (MODULE_INFO, include/linux/moduleparam.h); the first, as get_modinfo has it. */
export function modinfoOf(elf: Elf, name: string): string | undefined {
  const section = elf.section('.modinfo');
  if (section === undefined) return undefined;
  const texts = bytesOf(elf, section).toString('utf8').split('\0');
  return texts.find((text) => text.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** `linux_banner` (init/version.c): `Linux version RELEASE (user@host) ...`. */
const BANNER = /^Linux version (\d+\.\d+[^\s(]*) \(/;
const BANNER_START = Buffer.from('Linux version ');
const LONGEST_RELEASE = 64;

/** The UTS release that a vmlinux prints when it starts. */
export function releaseIn(vmlinux: Elf): string | undefined {
  for (const section of dataSections(vmlinux)) {
    const bytes = bytesOf(vmlinux, section);
    for (let at = bytes.indexOf(BANNER_START); at >= 0; at = bytes.indexOf(BANNER_START, at + 1)) {
      const text = bytes.toString('latin1', at, at + BANNER_START.length + LONGEST_RELEASE + 2);
      const release = BANNER.exec(text)?.[1];
      if (release !== undefined) return release;
    }
  }
  return undefined;
}

/** The .config that a vmlinux with CONFIG_IKCONFIG=y carries. */
export function configIn(vmlinux: Elf): string | undefined {
  for (const section of dataSections(vmlinux)) {
    const text = embeddedConfig(bytesOf(vmlinux, section));
    if (text !== undefined) return text;
  }
  return undefined;
}

function dataSections(elf: Elf): ElfSection[] {
  return elf.sections.filter(
    ({ flags, hasData }) => hasData && (flags & SHF_ALLOC) !== 0 && (flags & SHF_EXECINSTR) === 0,
  );
}

/** A section's data as a Buffer over the same memory. */
function bytesOf(elf: Elf, section: ElfSection): Buffer {
  const bytes = elf.sectionBytes(section);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
