import {
  type Elf,
  type ElfSection,
  openElf,
  SHF_ALLOC,
  SHT_NOBITS,
  SHT_NOTE,
  SHT_NULL,
  SHT_STRTAB,
  SHT_SYMTAB,
  SHT_SYMTAB_SHNDX,
  STT_FILE,
} from '../elf/index.js';
import type { Image } from '../symbols/image.js';
import { joinElf, type SectionPart } from './join-elf.js';

/** What `objcopy --add-gnu-debuglink` says: the debug file's name, and CRC-32 of its contents. */
export interface DebugLink {
  readonly name: string;
  readonly crc: number;
}

export function debugLinkOf(elf: Elf): DebugLink | undefined {
  const section = elf.section('.gnu_debuglink');
  if (section === undefined) return undefined;
  const bytes = elf.sectionBytes(section);
  const end = bytes.indexOf(0);
  const at = Math.ceil((end + 1) / 4) * 4;
  if (end <= 0 || at + 4 > bytes.length) return undefined;
  const crc = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, elf.littleEndian);
  return { name: Buffer.from(bytes.subarray(0, end)).toString('utf8'), crc };
}

/** Where the debug file of an image can be: what gdb's manual calls "Separate Debug Files", for any root of a system. */
export function debugPlaces(
  image: string,
  link: DebugLink | undefined,
  buildId: string | undefined,
): string[] {
  const slash = image.lastIndexOf('/');
  const directory = image.slice(0, slash + 1);
  const own = image.slice(slash + 1).replace(/\.(?:gz|xz|zst)$/, '');
  const names = [...new Set([...(link ? [link.name] : []), `${own}.debug`])];
  const places = names.flatMap((name) => [`${directory}${name}`, `${directory}.debug/${name}`]);
  // Debian and Fedora install the whole image under its own name there.
  for (const root of rootsOf(directory)) {
    const below = directory.slice(root.length);
    for (const name of [...names, own]) places.push(`${root}usr/lib/debug/${below}${name}`);
    if (buildId !== undefined && buildId.length > 2) {
      places.push(`${root}usr/lib/debug/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`);
    }
  }
  return places.filter((place) => place !== image);
}

/** `a/b/` has the roots ``, `a/` and `a/b/`. */
function rootsOf(directory: string): string[] {
  const roots = directory.startsWith('/') ? [] : [''];
  for (let at = directory.indexOf('/'); at >= 0; at = directory.indexOf('/', at + 1)) {
    roots.push(directory.slice(0, at + 1));
  }
  return roots;
}

/** Whether an image tells less than it did when it was linked: its symbols are gone, or which source they are of. */
export function isStripped(elf: Elf): boolean {
  if (!elf.sections.some(({ type }) => type === SHT_SYMTAB)) return true;
  const symbols = elf.symbols();
  for (let i = 1; i < symbols.count; i++) if (symbols.type(i) === STT_FILE) return false;
  return true;
}

/** Whether nothing of what runs is in a file: `objcopy --only-keep-debug` leaves headers of it. */
export function isDebugAlone(elf: Elf): boolean {
  const text = elf.section('.text');
  return text?.type === SHT_NOBITS && text.size > 0;
}

/**
 * A linked image with the symbols of its debug file: the sections are the debug file's, so that the symbols' indices are
 * right, and their contents the image's.
 */
export function withSymbolsOf(image: Elf, debug: Elf): Elf {
  const wanted = new Map<string, ElfSection>();
  for (const section of image.sections) if (section.hasData) wanted.set(placeOf(section), section);
  const parts = debug.sections.map((header): SectionPart => {
    if (isOfSymbols(header, debug)) return { header, type: header.type, bytes: debug.sectionBytes(header) };
    const own = (header.flags & SHF_ALLOC) === 0 ? undefined : wanted.get(placeOf(header));
    if (own) return { header, type: own.type, bytes: image.sectionBytes(own) };
    return { header, type: header.type === SHT_NULL ? SHT_NULL : SHT_NOBITS, bytes: undefined };
  });
  return openElf(joinElf(image, parts), image.file);
}

function placeOf({ name, address, size }: ElfSection): string {
  return `${name} ${address} ${size}`;
}

function isOfSymbols({ type, index }: ElfSection, { sections }: Elf): boolean {
  if (type === SHT_SYMTAB || type === SHT_SYMTAB_SHNDX) return true;
  return type === SHT_STRTAB && sections.some((one) => one.type === SHT_SYMTAB && one.link === index);
}

/** What of a debug file is used: its symbols, its notes and the headers; most of it describes types and lines. */
export function symbolsAlone(debug: Elf): Uint8Array {
  return joinElf(
    debug,
    debug.sections.map((header): SectionPart => {
      const isKept = isOfSymbols(header, debug) || header.type === SHT_NOTE;
      if (isKept) return { header, type: header.type, bytes: debug.sectionBytes(header) };
      return { header, type: header.type === SHT_NULL ? SHT_NULL : SHT_NOBITS, bytes: undefined };
    }),
  );
}

/** A module counts positions in its own symbol table: of its debug file it takes which source a local symbol is of. */
export function withGroupsOf(image: Image, debug: Image): Image {
  const groupAt = new Map<string, number>();
  debug.names.forEach((_, i) => {
    if (debug.group[i]! >= 0) groupAt.set(keyOf(debug, i), debug.group[i]!);
  });
  const group = image.group.map((own, i) =>
    image.binding[i] === 0 ? (groupAt.get(keyOf(image, i)) ?? own) : own,
  );
  return { ...image, group, groups: debug.groups };
}

function keyOf({ names, section, sections, address }: Image, i: number): string {
  return `${sections[section[i]!] ?? ''} ${address[i]} ${names[i]}`;
}

/** Whether a debug file is that of an image: their build ids tell, else the checksum that the image has of it. */
export function misfit(
  own: { readonly buildId: string | undefined; readonly link: DebugLink | undefined },
  debug: { readonly buildId: string | undefined; readonly crc: () => number },
): string | undefined {
  if (own.buildId !== undefined && debug.buildId !== undefined) {
    return own.buildId === debug.buildId
      ? undefined
      : `has the build id ${debug.buildId} instead of ${own.buildId}`;
  }
  if (!own.link) return 'has no build id that tells whose it is';
  const crc = debug.crc();
  if (crc === own.link.crc) return undefined;
  return `has the checksum ${hex(crc)} instead of ${hex(own.link.crc)}`;
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
