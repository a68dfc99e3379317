import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Image, readImage, symbolsNamed } from '../../src/symbols/image.js';
import { isFunctionType, readObjectFunctions } from '../../src/symbols/object-functions.js';
import {
  type AddressTable,
  type KlpSymbols,
  parseKlpSymbols,
  parseModuleObjects,
  parseModuleSymvers,
  parseSystemMap,
} from '../../src/symbols/text-tables.js';
import { openCorpus } from '../helpers/corpus.js';

const corpus = openCorpus();
const MINUTE = 60_000;
const READELF = { encoding: 'utf8', maxBuffer: 1 << 28 } as const;
if (corpus.why !== '') console.warn(`corpus tests are skipped: ${corpus.why}`);

function counted(names: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

describe.skipIf(corpus.why !== '')('a real kernel', () => {
  let vmlinux: Image;
  let systemMap: AddressTable;
  let klp: KlpSymbols;
  let modules: Image[];
  beforeAll(() => {
    vmlinux = readImage(corpus.file('vmlinux.zst'), 'vmlinux');
    klp = parseKlpSymbols(corpus.file('symbols.klp.zst'), 'symbols.klp');
    corpus.unpacked('modules.tar.zst', [], (directory) => {
      systemMap = parseSystemMap(readFileSync(join(directory, 'System.map')), 'System.map');
      const names = readdirSync(directory, { recursive: true, encoding: 'utf8' });
      const read = (name: string) => readFileSync(join(directory, name));
      modules = names.filter((name) => name.endsWith('.ko')).map((name) => readImage(read(name), name));
      for (const name of names.filter((each) => each.endsWith('.mod'))) {
        expect(parseModuleObjects(read(name), name).undefinedSymbols).toEqual([]);
      }
      const exported = new Set(
        parseModuleSymvers(read('Module.symvers'), 'Module.symvers').map((symbol) => symbol.object),
      );
      exported.delete('vmlinux');
      for (const object of exported) expect(names).toContain(`${object}.ko`);
    });
  }, 2 * MINUTE);

  test('state_show is four functions, in this order', () => {
    const found = symbolsNamed(vmlinux)('state_show');
    expect(found.map((i) => vmlinux.groups[vmlinux.group[i]!])).toEqual([
      'cpu.c',
      'main.c',
      'md.c',
      'core.c',
    ]);
    expect(found.map((i) => vmlinux.position[i])).toEqual([1, 2, 3, 4]);
  });

  test('380 function names of vmlinux belong to 984 functions', () => {
    const functions = vmlinux.names.filter((_, i) => isFunctionType(vmlinux.type[i]!));
    const shared = [...counted(functions).values()].filter((count) => count > 1);
    expect([shared.length, shared.reduce((sum, count) => sum + count, 0)]).toEqual([380, 984]);
  });

  test('vmlinux: kept is System.map without absolute symbols and those of kallsyms itself', () => {
    const kallsyms = /^kallsyms_(offsets|relative_base|num_syms|names|markers|seqs_of_names|token_\w+)$/;
    const expected = systemMap.names
      .map((name, i) => `${systemMap.address[i]} ${name} ${String.fromCharCode(systemMap.type[i]!)}`)
      .filter((line) => !line.endsWith(' A') && !kallsyms.test(line.split(' ')[1]!))
      .map((line) => line.slice(0, -2));
    const kept = vmlinux.names
      .map((name, i) => `${vmlinux.address[i]} ${name}`)
      .filter((_, i) => vmlinux.kept[i] === 1);
    expect(kept.sort()).toEqual(expected.sort());
  });

  test('vmlinux: positions are the order of System.map', () => {
    const seen = new Map<string, number>();
    const positions = new Map<string, number>();
    systemMap.names.forEach((name, i) => {
      const position = (seen.get(name) ?? 0) + 1;
      seen.set(name, position);
      const key = `${name} ${systemMap.address[i]}`;
      if (!positions.has(key)) positions.set(key, position);
    });
    const wrong = vmlinux.names.filter((name, i) => {
      const key = `${name} ${vmlinux.address[i]}`;
      return vmlinux.position[i] !== positions.get(key) && vmlinux.type[i] === 2;
    });
    expect(wrong).toEqual([]);
  });

  test('symbols.klp names every symbol of vmlinux, each as often', () => {
    expect(counted(vmlinux.names)).toEqual(counted(klp.get('vmlinux')!));
  });

  test('symbols.klp and the modules differ by what modpost adds, and by undefined symbols', () => {
    expect(modules).toHaveLength(60);
    for (const module of modules) {
      const name = basename(module.file, '.ko').replaceAll('-', '_');
      const listed = counted(klp.get(name)!);
      const present = counted(module.names);
      for (const [symbol, count] of present) {
        if (/^__UNIQUE_ID_|^_note_\d+$|^____versions$|^__this_module$/.test(symbol)) continue;
        expect(listed.get(symbol), `${symbol} of ${name}`).toBe(count);
      }
    }
    // No name of this build is in a module's kept code and in its init code.
    for (const module of modules) {
      const differ = module.names.filter(
        (_, i) => module.kept[i] === 1 && module.total[i] !== module.loadingTotal[i],
      );
      expect(differ, module.file).toEqual([]);
    }
  });

  test(
    'objects have the functions that nm prints, and the sites that readelf prints',
    () => {
      corpus.unpacked('objects.tar.zst', ['mm/*.o', 'fs/xfs/*.o'], (directory) => {
        const files = readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((n) =>
          n.endsWith('.o'),
        );
        expect(files.length).toBeGreaterThan(100);
        for (const file of files) {
          const path = join(directory, file);
          const functions = readObjectFunctions(readFileSync(path), file);
          const own = functions.names.map((name, i) => `${name} ${functions.value[i]} ${functions.size[i]}`);
          const symbols = execFileSync('readelf', ['-sW', path], { encoding: 'utf8' })
            .split('\n')
            .map((line) => line.trim().split(/\s+/))
            .filter((cells) => (cells[3] === 'FUNC' || cells[3] === 'IFUNC') && cells[6] !== 'UND')
            .map((cells) => `${cells[7]} ${Number.parseInt(cells[1]!, 16)} ${Number(cells[2])}`);
          expect(own).toEqual(symbols);

          // x86_64 without IBT: each site is the entry of a function, written as SECTION + OFFSET.
          const relocations = execFileSync('readelf', ['-rW', path], READELF);
          const table = /'\.rela__mcount_loc'.*\n.*\n((?:[0-9a-f]{8}.*\n)*)/.exec(relocations)?.[1] ?? '';
          const sites = [...table.matchAll(/ (\S+) \+ ([0-9a-f]+)$/gm)].map(
            (match) => `${match[1]} ${Number.parseInt(match[2]!, 16)}`,
          );
          const traceable = functions.names
            .map((_, i) => `${functions.sections[functions.sectionName[i]!]} ${functions.value[i]}`)
            .filter((_, i) => functions.traceable[i] === 1);
          expect(new Set(traceable), file).toEqual(new Set(sites));
          expect(functions.hasSites).toBe(sites.length > 0);
        }
      });
    },
    MINUTE,
  );

  test('an untraceable function of vmlinux is one that says so', () => {
    const traceable = (name: string) => symbolsNamed(vmlinux)(name).map((i) => vmlinux.traceable[i]);
    expect(vmlinux.hasSites).toBe(true);
    expect(traceable('vfs_read')).toEqual([1]);
    expect(traceable('asm_exc_page_fault')).toEqual([0]);
    expect(traceable('exc_page_fault')).toEqual([0]); // noinstr
  });
});
