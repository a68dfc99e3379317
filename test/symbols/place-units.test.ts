import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ImageFunctionSymbol,
  placeUnits,
  type UnitFunctionSymbol,
  type UnitToPlace,
} from '../../src/symbols/place-units.js';

type Binding = UnitFunctionSymbol['binding'];

/** `name@section:offset size`, with `binding` behind it unless it is local. */
function unit(baseName: string, functions: readonly string[], image?: number): UnitToPlace {
  return {
    baseName,
    functions: functions.map((text) => {
      const [, name, section, value, size, binding = 'local'] = /^(\S+)@(\d+):(\d+) (\d+)(?: (\w+))?$/.exec(
        text,
      )!;
      return {
        name: name!,
        section: Number(section),
        value: Number(value),
        size: Number(size),
        binding: binding as Binding,
      };
    }),
    ...(image !== undefined && { image }),
  };
}

/** `offset name size file`, or with the binding in the file's place; a local one's file may be `-` for none. */
function image(symbols: readonly string[]): ImageFunctionSymbol[] {
  return symbols.map((text) => {
    const [offset, name, size, last] = text.split(' ');
    const global = last === 'global' || last === 'weak';
    return {
      name: name!,
      offset: Number(offset),
      section: 0,
      size: Number(size),
      binding: global ? last : 'local',
      file: global ? undefined : last === '-' ? '' : last,
    };
  });
}

/** For each unit and function, the offset in the image where it is found (`image:offset` if there are several). */
function found(units: readonly UnitToPlace[], ...images: readonly ImageFunctionSymbol[][]) {
  return placeUnits(units, images).map(({ symbols }) =>
    symbols.map((at) => {
      if (!at) return undefined;
      const { offset } = images[at.image]![at.symbol]!;
      return images.length === 1 ? offset : `${at.image}:${offset}`;
    }),
  );
}

describe('one name in several files of one base name', () => {
  test('each goes to the section that its neighbours are in', () => {
    const units = [
      unit('core.c', ['show@1:0 32', 'net_init@1:32 16 global']),
      unit('core.c', ['show@1:0 32', 'block_init@1:32 16 global']),
      unit('core.c', ['helper@1:0 16', 'show@1:16 32', 'mm_init@1:48 16 global']),
    ];
    const linked = image([
      '116 show 32 core.c',
      '200 show 32 core.c',
      '300 show 32 core.c',
      '100 helper 16 core.c',
      '148 mm_init 16 global',
      '232 block_init 16 global',
      '332 net_init 16 global',
    ]);
    expect(found(units, linked)).toEqual([
      [300, 332],
      [200, 232],
      [100, 116, 148],
    ]);
  });

  test('the file’s name tells files of different names apart', () => {
    const units = [unit('cpu.c', ['show@1:0 32']), unit('md.c', ['show@1:0 32'])];
    expect(found(units, image(['0 show 32 md.c', '32 show 32 cpu.c']))).toEqual([[32], [0]]);
  });

  test('the size tells, where nothing else does', () => {
    const units = [unit('core.c', ['show@1:0 32']), unit('core.c', ['show@1:0 48'])];
    expect(found(units, image(['0 show 48 core.c', '64 show 32 core.c']))).toEqual([[64], [0]]);
  });

  test('what is left over after the others is known as well', () => {
    const units = [unit('core.c', ['show@1:0 32', 'a@1:32 16 global']), unit('core.c', ['show@1:0 32'])];
    expect(found(units, image(['0 show 32 core.c', '96 show 32 core.c', '128 a 16 global']))).toEqual([
      [96, 128],
      [0],
    ]);
  });

  test('sections of one unit are placed each for itself', () => {
    const units = [unit('a.c', ['f@1:0 16', 'g@2:0 16', 'h@1:16 16'])];
    expect(found(units, image(['500 f 16 a.c', '516 h 16 a.c', '900 g 16 a.c']))).toEqual([[500, 900, 516]]);
  });
});

test('twins that nothing tells apart stay open, both of them', () => {
  const twins = [unit('core.c', ['show@1:0 32']), unit('core.c', ['show@1:0 32'])];
  expect(found(twins, image(['0 show 32 core.c', '32 show 32 core.c']))).toEqual([[undefined], [undefined]]);
});

test('two functions of one unit with one name stay open where only their order would tell', () => {
  const units = [unit('a.c', ['f@1:0 16', 'f@2:0 16'])];
  expect(found(units, image(['0 f 16 a.c', '16 f 16 a.c']))).toEqual([[undefined, undefined]]);
});

describe('weak definitions', () => {
  const strong = unit('arch.c', ['arch_init@1:0 16 global']);
  const weak = unit('main.c', ['arch_init@1:0 16 weak', 'start@1:16 64 global']);

  test('one that a strong one overrode is nowhere, though it has the same size', () => {
    const linked = image(['116 start 64 global', '300 arch_init 16 global']);
    expect(found([weak, strong], linked)).toEqual([[undefined, 116], [300]]);
    expect(found([strong, weak], linked)).toEqual([[300], [undefined, 116]]);
    expect(found([unit('main.c', ['arch_init@1:0 16 weak']), strong], linked)).toEqual([[undefined], [300]]);
  });

  test('one that was chosen stays weak in the image', () => {
    expect(found([weak], image(['100 arch_init 16 weak', '116 start 64 global']))).toEqual([[100, 116]]);
  });

  test('of two weak ones, the one whose section it is in', () => {
    const other = unit('other.c', ['other@1:0 64 global', 'arch_init@1:64 16 weak']);
    const linked = image(['16 start 64 global', '200 other 64 global', '264 arch_init 16 weak']);
    expect(found([weak, other], linked)).toEqual([
      [undefined, 16],
      [200, 264],
    ]);
  });

  test('of two weak ones that nothing tells apart, none is guessed', () => {
    const lone = unit('x.c', ['arch_init@1:0 16 weak']);
    expect(found([lone, lone], image(['0 arch_init 16 weak']))).toEqual([[undefined], [undefined]]);
  });
});

test('a hidden global function is a local one of no file in the image', () => {
  const units = [unit('a.c', ['inner@1:0 16 global', 'outer@1:16 16 global'])];
  expect(found(units, image(['0 inner 16 -', '16 outer 16 global']))).toEqual([[0, 16]]);
});

describe('modules', () => {
  const a = unit('main.c', ['init@1:0 16', 'probe@1:16 32']);
  const b = unit('util.c', ['util@1:0 16']);

  test('a module of several objects has the functions of each', () => {
    const linked = image(['0 init 16 main.c', '16 probe 32 main.c', '48 util 16 util.c']);
    expect(found([a, b], linked)).toEqual([[0, 16], [48]]);
  });

  test('a unit goes to the image that more of it is in', () => {
    const one = image(['0 init 16 main.c', '16 probe 32 main.c']);
    const two = image(['0 init 16 main.c']);
    expect(found([a], one, two)).toEqual([['0:0', '0:16']]);
    expect(placeUnits([a], [one, two])[0]!.image).toBe(0);
  });

  test('the list of a module’s objects settles what symbols cannot', () => {
    const same = ['0 init 16 main.c', '16 probe 32 main.c'];
    const main = ['init@1:0 16', 'probe@1:16 32'];
    expect(found([unit('main.c', main), unit('main.c', main)], image(same), image(same))).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(found([unit('main.c', main, 1), unit('main.c', main, 0)], image(same), image(same))).toEqual([
      ['1:0', '1:16'],
      ['0:0', '0:16'],
    ]);
  });

  test('sections of a module count each for itself', () => {
    const init: ImageFunctionSymbol = {
      name: 'init',
      offset: 0,
      section: 5,
      size: 16,
      binding: 'local',
      file: 'main.c',
    };
    const probe: ImageFunctionSymbol = { ...init, name: 'probe', section: 7, size: 32 };
    const units = [unit('main.c', ['init@3:0 16', 'probe@1:0 32'])];
    expect(found(units, [probe, init])).toEqual([[0, 0]]);
  });
});

test('a unit of no image has no place, and takes none from the one whose symbol it is', () => {
  const vdso = unit('gettime.c', ['gettime@1:0 64', 'helper@1:64 16']);
  const kernel = unit('gettime.c', ['gettime@1:0 32', 'helper@1:32 16', 'setup@1:48 16 global']);
  const linked = image(['0 gettime 32 gettime.c', '32 helper 16 gettime.c', '48 setup 16 global']);
  expect(found([vdso, kernel], linked)).toEqual([
    [undefined, undefined],
    [0, 32, 48],
  ]);
  expect(placeUnits([vdso, kernel], [linked]).map((placed) => placed.image)).toEqual([undefined, 0]);
});

test('nothing at all', () => {
  expect(placeUnits([], [])).toEqual([]);
  expect(placeUnits([unit('a.c', ['f@1:0 1'])], [])).toEqual([{ image: undefined, symbols: [undefined] }]);
  expect(placeUnits([unit('a.c', [])], [[]])).toEqual([{ image: undefined, symbols: [] }]);
});

/** A section of a unit as drawn: local functions of few names, so that they collide, and maybe a global one. */
interface DrawnSection {
  readonly functions: readonly { readonly name: string; readonly size: number }[];
  /** Whether a global function, the only one of its name, ends the section. */
  readonly marked: boolean;
}

const drawnSection = fc.record({
  functions: fc.uniqueArray(
    fc.record({ name: fc.constantFrom('show', 'store', 'init', 'probe'), size: fc.constantFrom(16, 32, 48) }),
    { selector: ({ name }) => name, minLength: 1, maxLength: 4 },
  ),
  marked: fc.boolean(),
});
const drawnUnits = fc.array(
  fc.record({
    baseName: fc.constantFrom('core.c', 'main.c'),
    sections: fc.array(drawnSection, { minLength: 1, maxLength: 3 }),
  }),
  { minLength: 1, maxLength: 6 },
);

/** The units' symbols, and the image that a linker makes of their sections in the given order, with these gaps. */
function link(
  drawn: readonly { readonly baseName: string; readonly sections: readonly DrawnSection[] }[],
  order: readonly number[],
  gaps: readonly number[],
) {
  const blocks: { unit: number; functions: UnitFunctionSymbol[] }[] = [];
  const units = drawn.map(({ baseName, sections }, at) => {
    const names = new Set<string>();
    const functions = sections.flatMap(({ functions: own, marked }, section) => {
      let value = 0;
      const place = (name: string, size: number, binding: Binding): UnitFunctionSymbol => {
        const symbol = { name, section, value, size, binding };
        value += size;
        return symbol;
      };
      // A unit has a static function of a name once.
      const local = own.filter(({ name }) => !names.has(name) && names.add(name));
      const made = local.map(({ name, size }) => place(name, size, 'local'));
      if (marked) made.push(place(`unit${at}_section${section}`, 16, 'global'));
      blocks.push({ unit: at, functions: made });
      return made;
    });
    return { baseName, functions };
  });
  const ranked = blocks
    .map((block, at) => ({ block, rank: order[at % order.length]! + at / 1000 }))
    .sort((a, b) => a.rank - b.rank);
  let offset = 0;
  const truth = new Map<UnitFunctionSymbol, number>();
  const linked: ImageFunctionSymbol[] = [];
  ranked.forEach(({ block }, at) => {
    for (const f of block.functions) {
      const { name, size, binding } = f;
      const file = binding === 'local' ? units[block.unit]!.baseName : undefined;
      truth.set(f, linked.length);
      linked.push({ name, size, binding, section: 0, offset: offset + f.value, file });
    }
    const end = block.functions.at(-1);
    offset += (end ? end.value + end.size : 0) + gaps[at % gaps.length]! * 16;
  });
  return { units, linked, truth };
}

/** At how many places of the image a unit's section fits with all its functions. */
function fittingPlaces(
  { baseName, functions }: UnitToPlace,
  section: number,
  linked: readonly ImageFunctionSymbol[],
) {
  const members = functions.filter((f) => f.section === section);
  const key = (name: string, size: number, file: string | undefined, offset: number) =>
    `${name} ${size} ${file} ${offset}`;
  const there = new Set(linked.map((s) => key(s.name, s.size, s.file, s.offset)));
  const fits = (start: number) =>
    members.every(({ name, size, value, binding }) =>
      there.has(key(name, size, binding === 'local' ? baseName : undefined, start + value)),
    );
  return new Set(linked.map(({ offset }) => offset - members[0]!.value).filter(fits)).size;
}

test('however units are laid out, none gets another one’s function, and what can be told apart is placed', () => {
  const orders = fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 1, maxLength: 20 });
  const gaps = fc.array(fc.nat(3), { minLength: 1, maxLength: 7 });
  fc.assert(
    fc.property(drawnUnits, orders, gaps, (drawn, order, gap) => {
      const { units, linked, truth } = link(drawn, order, gap);
      const placed = placeUnits(units, [linked]);
      units.forEach((own, at) => {
        own.functions.forEach((f, place) => {
          const said = placed[at]!.symbols[place]?.symbol;
          if (said !== undefined || fittingPlaces(own, f.section, linked) === 1) {
            expect(said).toBe(truth.get(f));
          }
        });
      });
    }),
    { numRuns: 1000 },
  );
});

describe('in an image whose code the linker made shorter', () => {
  const placedIn = (units: readonly UnitToPlace[], linked: ImageFunctionSymbol[]) =>
    placeUnits(units, [linked], new Set([0])).map(({ symbols }) =>
      symbols.map((at) => at && linked[at.symbol]!.offset),
    );

  test('functions that shrank and moved are found by their names', () => {
    const a = unit('a.c', ['f@1:0 32', 'show@1:32 16', 'g@1:48 40 global']);
    const linked = image(['100 f 28 a.c', '128 show 12 a.c', '140 g 40 global']);
    expect(placedIn([a], linked)).toEqual([[100, 128, 140]]);
    expect(placeUnits([a], [linked])[0]!.symbols.filter(Boolean)).toHaveLength(1);
  });

  test('of equal names, the one beside the unit’s others', () => {
    const one = unit('a.c', ['f@1:0 32', 'show@1:32 16']);
    const other = unit('a.c', ['h@1:0 32', 'show@1:32 16']);
    const linked = image(['100 f 28 a.c', '128 show 12 a.c', '900 h 30 a.c', '930 show 12 a.c']);
    expect(placedIn([one, other], linked)).toEqual([
      [100, 128],
      [900, 930],
    ]);
  });

  test('nothing grows', () => {
    expect(placedIn([unit('a.c', ['f@1:0 32'])], image(['100 f 36 a.c']))).toEqual([[undefined]]);
  });

  test('without a name of its own a unit stays open', () => {
    const linked = image(['100 show 12 a.c', '900 show 12 a.c']);
    expect(placedIn([unit('a.c', ['show@1:0 16'])], linked)).toEqual([[undefined]]);
  });
});
