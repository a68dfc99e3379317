import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { Asked } from '../helpers/asked.js';
import { faults } from '../helpers/index-rows.js';
import { InputError, ingest } from '../helpers/library.js';
import { objectWith } from '../helpers/objects.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

const sample = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../samples/demo/build/${path}`, import.meta.url)));

const DUMP = 'core/ring.c.000i.ipa-clones';
const GOOD: Readonly<Record<string, Buffer>> = {
  [DUMP]: sample(DUMP),
  'core/ring.o': sample('core/ring.o'),
  'core/ring.ci': sample('core/ring.ci'),
  vmlinux: sample('vmlinux'),
  // An object is what a module is before modpost.
  'drivers/ring-test.ko': sample('core/state.o'),
  'drivers/ring-test.mod': Buffer.from('drivers/state.o\n'),
  'System.map': Buffer.from('0000000000401000 T ring_append\n'),
  'Module.symvers': Buffer.from('0x00000000\tring_append\tvmlinux\tEXPORT_SYMBOL_GPL\t\n'),
};

async function indexed(files: Readonly<Record<string, string | Uint8Array>>) {
  const db = newIndex();
  const report = await ingest([buildDir({ ...GOOD, ...files })], { db, build: 'b' });
  expect(faults(db)).toEqual([]);
  const asked = new Asked(db);
  opened.push(asked);
  const unit = asked.unit('record_fits', { filter: { unit: DUMP } });
  return { report, unit, classes: new Set(unit.members.map((member) => member.class)) };
}

/** What is printed of an answer is read from the index when it is asked for. */
const opened: Asked[] = [];
afterEach(() => {
  for (const { index } of opened.splice(0)) index.close();
});

/** What was damaged is named in a warning. */
const warned = (report: Awaited<ReturnType<typeof ingest>>, file: string) =>
  report.warnings.some(({ where }) => where.includes(file));

describe('a file that ends too early', { timeout: 60_000 }, () => {
  const ends = [0, 1, 3, 16, 40, 63, 64, 65, 200, -1, -2, -64, -4000];
  const cut = (file: string, end: number) =>
    GOOD[file]!.subarray(0, end < 0 ? GOOD[file]!.length + end : end);

  test('the whole build has no warning', async () => {
    const { report, unit } = await indexed({});
    expect(report.warnings).toEqual([]);
    expect(unit.unit).toMatchObject({ object: 'read', calls: 'ci', image: 'vmlinux' });
  });

  test('an object: the functions are unverified', async () => {
    for (const end of ends) {
      const { report, unit, classes } = await indexed({ 'core/ring.o': cut('core/ring.o', end) });
      expect(warned(report, 'core/ring.o'), `${end}`).toBe(true);
      expect(unit.unit.object).toBe('corrupt');
      expect([...classes].filter((c) => c !== 'gone' && c !== 'unverified')).toEqual([]);
      expect(unit.members.some(({ verified }) => verified)).toBe(false);
    }
  });

  test('a call graph: who calls the clones is an open question', async () => {
    const { length } = GOOD['core/ring.ci']!;
    for (const end of [0, 1, 20, 200, length - 2, length - 3, length - 40]) {
      const { report, unit } = await indexed({ 'core/ring.ci': cut('core/ring.ci', end) });
      expect(warned(report, 'core/ring.ci'), `${end}`).toBe(true);
      expect(unit.unit.calls).toBe('corrupt');
      const unknown = unit.members.filter(({ open }) =>
        open.some(({ reason }) => reason === 'callers-unknown'),
      );
      expect(unknown.map(({ name }) => name).sort()).toEqual([
        'record_verify.isra.0',
        'ring_make_room.part.0',
      ]);
    }
  });

  test('vmlinux: no position is claimed', async () => {
    for (const end of ends) {
      const { report, unit } = await indexed({ vmlinux: cut('vmlinux', end), 'System.map': '' });
      expect(warned(report, 'vmlinux'), `${end}`).toBe(true);
      expect(unit.members.some(({ places }) => places.length > 0)).toBe(false);
      expect(unit.members.some((member) => member.class === 'patch')).toBe(true);
    }
  });

  test('vmlinux with a System.map: the map stands in', async () => {
    const { report, unit } = await indexed({ vmlinux: cut('vmlinux', 1000) });
    expect(warned(report, 'vmlinux')).toBe(true);
    expect(unit.unit.image).toBe('vmlinux');
    const places = (wanted: string) => unit.members.find(({ name }) => name === wanted)!.places;
    expect(places('ring_append')).toMatchObject([{ position: 1, traceable: null }]);
    expect(places('ring_read')).toEqual([]);
  });

  test('a module: the others are there', async () => {
    for (const end of ends) {
      const { report, unit } = await indexed({ 'drivers/ring-test.ko': cut('drivers/ring-test.ko', end) });
      expect(warned(report, 'ring-test.ko'), `${end}`).toBe(true);
      expect(report.images).toBe(1);
      expect(unit.unit.image).toBe('vmlinux');
    }
  });

  test.each([
    ['System.map', 'no map\n'],
    ['Module.symvers', 'what is this\n'],
    ['drivers/ring-test.mod', '\0\0\0'],
    ['drivers/ring-test.ko', objectWith('f').fill(0xff, 64)],
  ])('%s that is something else', async (file, content) => {
    const { report, unit } = await indexed({ vmlinux: GOOD['vmlinux']!, [file]: content });
    expect(unit.unit.object).toBe('read');
    for (const { where } of report.warnings) expect(where).toContain(file);
  });
});

describe('changed bytes', () => {
  const changes = fc.array(
    fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      byte: fc.integer({ min: 0, max: 255 }),
    }),
    { minLength: 1, maxLength: 12 },
  );
  test.each([
    'core/ring.o',
    'core/ring.ci',
    'vmlinux',
    'drivers/ring-test.ko',
    'System.map',
    'drivers/ring-test.mod',
  ])(
    'of %s: read, or named in a warning, never a crash',
    async (file) => {
      await fc.assert(
        fc.asyncProperty(changes, fc.boolean(), async (drawn, early) => {
          const bytes = Buffer.from(GOOD[file]!);
          // Half of them among the headers and the tables at the ends, where a byte matters most.
          for (const { at, byte } of drawn) {
            const place = early
              ? at < 0.5
                ? at * 256
                : bytes.length - (at - 0.5) * 4096
              : at * bytes.length;
            bytes[Math.min(bytes.length - 1, Math.max(0, Math.floor(place)))] = byte;
          }
          const { report, unit } = await indexed({ [file]: bytes });
          for (const { where } of report.warnings) expect(where).toContain(file);
          if (unit.unit.object === 'corrupt' || unit.unit.calls === 'corrupt')
            expect(warned(report, file)).toBe(true);
        }),
        { numRuns: 25 },
      );
    },
    60_000,
  );

  test('of the dump: read, or refused with its line', async () => {
    await fc.assert(
      fc.asyncProperty(changes, async (drawn) => {
        const bytes = Buffer.from(GOOD[DUMP]!);
        for (const { at, byte } of drawn) bytes[Math.floor(at * bytes.length)] = byte;
        const db = newIndex();
        try {
          await ingest([buildDir({ ...GOOD, [DUMP]: bytes })], { db, build: 'b' });
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
          expect((error as InstanceType<typeof InputError>).where).toMatch(/ring\.c\.000i\.ipa-clones:\d+$/);
        }
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
