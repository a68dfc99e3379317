import {
  type Elf,
  type ElfSection,
  ET_REL,
  SHN_LIVEPATCH,
  SHN_UNDEF,
  SHT_REL,
  SHT_RELA,
  STB_WEAK,
  type SymbolTable,
} from '../elf/index.js';
import { InputError } from '../errors.js';
import { modinfoOf } from '../kernel/elf-facts.js';
import { abiOf } from '../symbols/object-evidence.js';
import {
  KLP_MODULE_RELOCS,
  KLP_SYM,
  KLP_SYM_RELA,
  type KlpName,
  parseKlpSym,
  parseKlpSymRela,
} from './klp-names.js';
import { relocationsOf } from './module-data.js';
import {
  isEarlySection,
  type MalformedName,
  type ModuleKernel,
  type References,
  type ReferenceTarget,
} from './references.js';
import { readUses, type SymbolUses } from './symbol-uses.js';

/** A full klp-convert annotation: a symbol, the object that has it, and its position there. */
interface Annotation {
  readonly symbol: number;
  readonly object: string;
  readonly position: number;
}

/** @throws InputError where the file is no module, or damaged */
export function readModuleReferences(elf: Elf): References {
  if (elf.type !== ET_REL) {
    throw new InputError(elf.file, 'is linked: a module is an ET_REL file', 'give the .ko');
  }
  const symbols = elf.symbols();
  const found = readUses(elf);
  const reader = new Reader(elf, symbols, found);
  reader.symbols();
  return {
    kind: 'module',
    file: elf.file,
    kernel: kernelOf(elf),
    targets: reader.targets,
    undefinedSymbols: reader.undefinedSymbols,
    relaSections: found.relaSections,
    malformed: [...found.malformed, ...reader.malformed],
    earlySections: [...new Set(elf.sections.map(({ name }) => name).filter(isEarlySection))],
    warnings: [],
  };
}

function kernelOf(elf: Elf): ModuleKernel {
  const vermagic = modinfoOf(elf, 'vermagic');
  return { abi: abiOf(elf), ...(vermagic !== undefined && { vermagic }) };
}

class Reader {
  readonly targets: ReferenceTarget[] = [];
  readonly undefinedSymbols: ReferenceTarget[] = [];
  readonly malformed: MalformedName[] = [];
  private namesLength = 0;

  constructor(
    private readonly elf: Elf,
    private readonly table: SymbolTable,
    private readonly found: SymbolUses,
  ) {}

  symbols(): void {
    const { table } = this;
    const annotations = this.annotations();
    for (let i = 1; i < table.count; i++) {
      const index = table.rawSectionIndex(i);
      const outside = index === SHN_LIVEPATCH || index === SHN_UNDEF;
      if (!outside) continue;
      const raw = this.name(i);
      const annotated = annotations.get(i);
      if (annotated !== undefined) {
        annotations.delete(i);
        for (const { object, position } of annotated) {
          this.add(i, raw, 'annotated-full', { symbolObject: object, name: raw, position });
        }
      } else if (raw.startsWith(KLP_SYM_RELA) && index === SHN_UNDEF) {
        this.named(i, raw, 'annotated-minimal', parseKlpSymRela(raw));
      } else if (raw.startsWith(KLP_SYM) || index === SHN_LIVEPATCH) {
        this.converted(i, raw, index === SHN_LIVEPATCH);
      } else if (raw !== '') {
        this.undefinedSymbols.push({
          how: 'undefined',
          raw,
          name: raw,
          position: 0,
          ...this.usesOf(i),
          weak: table.bind(i) === STB_WEAK,
          where: this.elf.file,
        });
      }
    }
    for (const symbol of annotations.keys()) {
      this.bad(this.name(symbol), 'is annotated for klp-convert, but the module defines it itself');
    }
  }

  private converted(i: number, raw: string, marked: boolean): void {
    if (!raw.startsWith(KLP_SYM)) {
      this.bad(raw, `is marked SHN_LIVEPATCH, but does not begin with \`${KLP_SYM}\``);
      return;
    }
    this.named(i, raw, 'converted', parseKlpSym(raw), marked);
  }

  private named(
    i: number,
    raw: string,
    how: ReferenceTarget['how'],
    parsed: KlpName | { readonly problem: string },
    marked?: boolean,
  ): void {
    if (parsed.problem !== undefined) this.bad(raw, parsed.problem);
    if ('name' in parsed) this.add(i, raw, how, parsed, marked);
  }

  private add(i: number, raw: string, how: ReferenceTarget['how'], name: KlpName, marked?: boolean): void {
    this.targets.push({
      how,
      raw,
      ...name,
      ...this.usesOf(i),
      ...(marked !== undefined && { marked }),
      where: this.elf.file,
    });
  }

  private usesOf(i: number): Pick<ReferenceTarget, 'uses' | 'used'> {
    const uses = this.found.uses.get(i) ?? [];
    return { used: uses.length > 0, uses };
  }

  private bad(raw: string, problem: string): void {
    this.malformed.push({ what: 'symbol', raw, problem, where: this.elf.file });
  }

  /** The name, of names that together are no longer than their table: they do not lie on top of each other. */
  private name(i: number): string {
    const name = this.table.name(i);
    this.namesLength += name.length;
    // The linker may let one name be another's end: four times is far beyond that.
    if (this.namesLength > 4 * this.table.namesSize + 1024) {
      throw new InputError(this.elf.file, 'has symbol names that lie on top of each other', 'is it damaged?');
    }
    return name;
  }

  /** By symbol index: the entries of `.klp.module_relocs.OBJECT`, {pointer, u32 sympos} without padding between them. */
  private annotations(): Map<number, Annotation[]> {
    const annotations = new Map<number, Annotation[]>();
    const { elf } = this;
    for (const section of elf.sections) {
      if (!section.name.startsWith(KLP_MODULE_RELOCS) || !section.hasData) continue;
      if (section.type === SHT_RELA || section.type === SHT_REL) continue;
      for (const annotation of this.annotationsIn(section)) {
        const before = annotations.get(annotation.symbol);
        if (before) before.push(annotation);
        else annotations.set(annotation.symbol, [annotation]);
      }
    }
    return annotations;
  }

  private annotationsIn(section: ElfSection): Annotation[] {
    const { elf } = this;
    const width = elf.class / 8;
    const entry = width + 4;
    const bytes = elf.sectionBytes(section);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const symbols = new Map<number, number>();
    for (const relocations of elf.sections) {
      if (
        (relocations.type !== SHT_RELA && relocations.type !== SHT_REL) ||
        relocations.info !== section.index
      )
        continue;
      const table = relocationsOf(elf, relocations);
      for (let i = 0; i < table.count; i++) symbols.set(table.targetOffset(i), table.symbol(i));
    }
    const object = section.name.slice(KLP_MODULE_RELOCS.length);
    const found: Annotation[] = [];
    for (let at = 0; at < section.size; at += entry) {
      const symbol = symbols.get(at);
      if (symbol === undefined || at + entry > section.size) {
        throw new InputError(
          elf.file,
          `has a ${section.name} that is not made of entries of ${entry} bytes`,
          'are its arrays of packed struct klp_module_reloc?',
        );
      }
      found.push({ symbol, object, position: view.getUint32(at + width, elf.littleEndian) });
    }
    return found;
  }
}
