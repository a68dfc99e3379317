import { type Elf, SHF_ALLOC, SHF_RELA_LIVEPATCH, SHN_LIVEPATCH, SHT_REL, SHT_RELA } from '../elf/index.js';
import { KLP_MODULE_RELOCS, KLP_RELA, parseKlpRela } from './klp-names.js';
import { relocationsOf } from './module-data.js';
import { isEarlySection, type KlpRelaSection, type MalformedName, type ReferenceUse } from './references.js';

export interface SymbolUses {
  /** By symbol index. */
  readonly uses: ReadonlyMap<number, readonly ReferenceUse[]>;
  readonly relaSections: readonly KlpRelaSection[];
  readonly malformed: readonly MalformedName[];
}

/** Which sections' relocations use which symbols; relocations of what is not in memory (debug information) do not count. */
export function readUses(elf: Elf): SymbolUses {
  const uses = new Map<number, ReferenceUse[]>();
  const relaSections: KlpRelaSection[] = [];
  const malformed: MalformedName[] = [];
  const symbols = elf.symbols();
  for (const section of elf.sections) {
    if (section.type !== SHT_RELA && section.type !== SHT_REL) continue;
    const { name } = section;
    const isKlp = name.startsWith(KLP_RELA) || (section.flags & SHF_RELA_LIVEPATCH) !== 0;
    const target = section.info === 0 ? undefined : elf.sections[section.info];
    // An annotation is no use, and a symbol that only debug information knows is not needed in memory.
    if (!isKlp && (target === undefined || (target.flags & SHF_ALLOC) === 0)) continue;
    if (target?.name.startsWith(KLP_MODULE_RELOCS)) continue;
    const table = relocationsOf(elf, section);
    const said = isKlp ? kernelName(name) : undefined;
    if (said?.problem !== undefined)
      malformed.push({ what: 'section', raw: name, problem: said.problem, where: elf.file });
    const base = target?.name ?? said?.base ?? '';
    const counts = new Map<number, number>();
    for (let i = 0; i < table.count; i++) {
      const symbol = table.symbol(i);
      counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
    }
    for (const [symbol, count] of counts) {
      const use: ReferenceUse = {
        section: base,
        relocations: name,
        ...(said?.object !== undefined && { livepatchObject: said.object }),
        count,
        early: isEarlySection(base),
      };
      const before = uses.get(symbol);
      if (before) before.push(use);
      else uses.set(symbol, [use]);
    }
    if (said === undefined) continue;
    relaSections.push({
      name,
      ...(said.object !== undefined && { object: said.object }),
      base: said.base,
      ...(target && { infoSection: target.name }),
      flags: section.flags,
      livepatchFlag: (section.flags & SHF_RELA_LIVEPATCH) !== 0,
      allocated: (section.flags & SHF_ALLOC) !== 0,
      relocations: table.count,
      unmarked: [...counts.keys()]
        .filter((symbol) => symbols.rawSectionIndex(symbol) !== SHN_LIVEPATCH)
        .map((symbol) => symbols.name(symbol)),
      early: isEarlySection(base),
    });
  }
  return { uses, relaSections, malformed };
}

function kernelName(name: string): ReturnType<typeof parseKlpRela> {
  if (name.startsWith(KLP_RELA)) return parseKlpRela(name);
  return { base: '', problem: `is flagged for livepatch, but does not begin with \`${KLP_RELA}\`` };
}
