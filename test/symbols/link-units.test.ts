import { describe, expect, test } from 'vitest';
import { bodiesOf } from '../../src/symbols/bodies.js';
import { type Image, readImage } from '../../src/symbols/image.js';
import { bindingName, type LinkImage, type LinkUnit, linkUnits } from '../../src/symbols/link-units.js';
import { readObjectFunctions } from '../../src/symbols/object-functions.js';
import { Lifetime } from '../../src/symbols/section-lifetime.js';
import { assemble, objectOf } from '../helpers/assemble.js';
import { code } from '../helpers/code-text.js';
import { linkVmlinux } from '../helpers/link.js';

const assembled = (file: string, text: string) => assemble(code(text), file);

/** A unit as its object has it. */
function unit(file: string, text: string, more: Partial<LinkUnit> = {}): LinkUnit {
  const functions = readObjectFunctions(objectOf([assembled(file, text)]), file);
  const { body, role, bodies } = bodiesOf(functions);
  return {
    id: 0,
    baseName: file,
    symbols: functions.names.map((name, i) => ({
      name,
      section: functions.section[i]!,
      value: functions.value[i]!,
      size: functions.size[i]!,
      binding: bindingName(functions.binding[i]!),
      body: body[i]!,
      role: role[i]!,
    })),
    bodies: Array.from(bodies.section, (section, i) => ({
      section: functions.sections[section]!,
      sectionIndex: bodies.sectionIndex[i]!,
      value: bodies.value[i]!,
      size: bodies.size[i]!,
      traceable: bodies.traceable[i] === 1,
      lifetime: 0,
    })),
    images: [],
    elsewhere: false,
    ...more,
  };
}

const elf = (image: Image): LinkImage => ({ source: 'elf', image });
const vmlinux = (files: Readonly<Record<string, string>>, script = {}) =>
  elf(
    readImage(
      linkVmlinux(
        Object.entries(files).map(([file, text]) => assembled(file, text)),
        { script },
      ),
      'vmlinux',
    ),
  );
const module = (name: string, files: Readonly<Record<string, string>>) =>
  elf(readImage(objectOf(Object.entries(files).map(([file, text]) => assembled(file, text))), `${name}.ko`));

const LIFETIMES = Object.fromEntries(Object.entries(Lifetime).map(([name, lifetime]) => [lifetime, name]));

/** For each body of a unit, what became of it: its lifetime, and whether it can be traced. */
const fates = (linked: ReturnType<typeof linkUnits>, at: number) =>
  linked.fates[at]!.map(({ lifetime, traceable }) => `${LIFETIMES[lifetime]}${traceable ? '' : ' notrace'}`);

/** The names of symbols that lost. */
const lost = (linked: ReturnType<typeof linkUnits>, units: readonly LinkUnit[], at: number) =>
  [...linked.lost[at]!].map((symbol) => units[at]!.symbols[symbol]!.name);

test('each unit is found in the image that it is linked into', () => {
  const [a, m, other] = ['f\ng global', 'h\nk global', 'nowhere global'];
  const units = [unit('a.c', a!), unit('m.c', m!), unit('x.c', other!)];
  const linked = linkUnits([vmlinux({ 'a.c': a! }), module('m', { 'm.c': m! })], units);
  expect(linked.images.map((images) => [...images])).toEqual([[0], [1], []]);
  expect(linked.bodies.map((bodies) => bodies.map((body) => body?.image))).toEqual([
    [0, 0],
    [1, 1],
    [undefined],
  ]);
});

describe('a unit of several modules', () => {
  const text = 'shared global\nhelper';
  const images = [module('m', { 'm.c': 'a', 's.c': text }), module('n', { 'n.c': 'b', 's.c': text })];

  test('is in all that it is said to be part of', () => {
    const linked = linkUnits(images, [unit('s.c', text, { images: [0, 1] })]);
    expect([...linked.images[0]!]).toEqual([0, 1]);
    expect(linked.unitOf.map((rows) => rows.size)).toEqual([2, 2]);
  });

  test('is not looked for elsewhere', () => {
    const linked = linkUnits(images, [unit('s.c', text, { images: [1] })]);
    expect([...linked.images[0]!]).toEqual([1]);
    expect(linked.unitOf.map((rows) => rows.size)).toEqual([0, 2]);
  });
});

test('a unit of a module that was not given is in no image, whatever has its names', () => {
  const linked = linkUnits([vmlinux({ 'a.c': 'f global' })], [unit('a.c', 'f global', { elsewhere: true })]);
  expect([...linked.images[0]!]).toEqual([]);
});

describe('weak definitions', () => {
  test('lose to another unit’s', () => {
    const [weak, strong] = ['start global\nhook weak', 'hook global'];
    const units = [unit('a.c', weak!), unit('b.c', strong!)];
    const linked = linkUnits([vmlinux({ 'a.c': weak!, 'b.c': strong! })], units);
    expect([lost(linked, units, 0), lost(linked, units, 1)]).toEqual([['hook'], []]);
    expect(fates(linked, 0)).toEqual(['core', 'discarded']);
  });

  test('lose to assembly', () => {
    const units = [unit('a.c', 'start global\nhook weak')];
    const linked = linkUnits(
      [vmlinux({ 'a.c': 'start global\nhook weak', 'b.S': 'hook global notrace' })],
      units,
    );
    expect(lost(linked, units, 0)).toEqual(['hook']);
  });

  test('that were chosen keep their names', () => {
    const units = [unit('a.c', 'start global\nhook weak')];
    const linked = linkUnits([vmlinux({ 'a.c': 'start global\nhook weak' })], units);
    expect(lost(linked, units, 0)).toEqual([]);
    expect(fates(linked, 0)).toEqual(['core', 'core']);
  });

  test('whose body has another name are there still', () => {
    const text = 'default_hook global\nhook = default_hook weak';
    const units = [unit('a.c', text), unit('b.c', 'hook global')];
    const linked = linkUnits([vmlinux({ 'a.c': text, 'b.c': 'hook global' })], units);
    expect(lost(linked, units, 0)).toEqual(['hook']);
    expect(fates(linked, 0)).toEqual(['core']);
  });
});

test('names that only the linker script gives are told, an object’s own are not', () => {
  const text = 'f global\ntwin = f global';
  const linked = linkUnits([vmlinux({ 'a.c': text }, { scripted: 'f' })], [unit('a.c', text)]);
  expect(linked.scripted[0]).toEqual([{ name: 'scripted', body: 0 }]);
  expect(linked.unitOf[0]!.size).toBe(3);
});

describe('whether code is there when a livepatch comes', () => {
  const text = 'f\ng in .init.text\nh in .exit.text\nk in .meminit.text';

  test('is told by vmlinux’s bounds', () => {
    const linked = linkUnits([vmlinux({ 'a.c': text })], [unit('a.c', text)]);
    expect(fates(linked, 0)).toEqual(['core', 'init', 'init', 'core']);
  });

  test('is told by a module’s sections', () => {
    const linked = linkUnits([module('m', { 'a.c': text })], [unit('a.c', text)]);
    expect(fates(linked, 0)).toEqual(['core', 'init', 'exit', 'core']);
  });

  test('is told by the object’s sections where there is no image', () => {
    const linked = linkUnits([], [unit('a.c', text)]);
    expect(fates(linked, 0)).toEqual(['core', 'init', 'init', 'init']);
  });
});
