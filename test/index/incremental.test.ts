import { rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dump } from '../helpers/dump-text.js';
import { ofBlobs, ofTables } from '../helpers/graph-rows.js';
import { faults, logical, query } from '../helpers/index-rows.js';
import { ingest } from '../helpers/library.js';
import { objectWith } from '../helpers/objects.js';
import { randomKernel } from '../helpers/random-kernel.js';
import { kernelFiles } from '../helpers/small-kernel.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

const UNITS = 4;
const names = ['f', 'g', 'h', 'k', 'm'];
const reference = fc.tuple(fc.constantFrom(...names), fc.constantFrom('', '@x.h', '@./y.h'));
const line = fc.oneof(
  fc
    .tuple(reference, reference, fc.constantFrom('', ' isra', ' (null)'))
    .map(([from, to, kind]) => `${from.join('')} > ${to.join('')}${kind}`),
  reference.map((gone) => `- ${gone.join('')}`),
);
const edit = fc.record({
  unit: fc.nat(UNITS - 1),
  /** The dump's new text, or undefined to remove it. */
  dump: fc.option(
    fc.array(line, { maxLength: 6 }).map((lines) => dump(lines.join('\n'))),
    { nil: undefined },
  ),
  object: fc.option(fc.subarray(names), { nil: undefined }),
});

test('an index that was brought up to date step by step is the index of a fresh run', {
  timeout: 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 4 }), async (edits) => {
      const build = buildDir({ 'anchor.c.000i.ipa-clones': dump('f@x.h > anchor', 'anchor.c') });
      const stepwise = newIndex();
      let second = 1000;
      const write = (name: string, content: string | Uint8Array | undefined) => {
        if (content === undefined) {
          rmSync(join(build, name), { force: true });
          return;
        }
        put(build, { [name]: content });
        utimesSync(join(build, name), ++second, second);
      };
      await ingest([build], { db: stepwise, build: 'b' });
      for (const { unit, dump: text, object } of edits) {
        write(`u${unit}.c.000i.ipa-clones`, text);
        write(`u${unit}.o`, object && objectWith(...object));
        await ingest([build], { db: stepwise, build: 'b' });
      }
      const fresh = newIndex();
      await ingest([build], { db: fresh, build: 'b' });
      expect(logical(stepwise)).toEqual(logical(fresh));
      expect(faults(stepwise)).toEqual([]);
    }),
    { numRuns: 15 },
  );
});

test('so is one whose build became another kernel, with what was linked', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(randomKernel, { minLength: 2, maxLength: 3 }), async (kernels) => {
      const build = buildDir();
      const stepwise = newIndex();
      let second = 1000;
      let files: Record<string, string | Uint8Array> = {};
      for (const kernel of kernels) {
        for (const name of Object.keys(files)) rmSync(join(build, name));
        files = kernelFiles(kernel);
        put(build, files);
        second++;
        for (const name of Object.keys(files)) utimesSync(join(build, name), second, second);
        await ingest([build], { db: stepwise, build: 'b' });
      }
      const fresh = newIndex();
      await ingest([build], { db: fresh, build: 'b' });
      expect(logical(stepwise)).toEqual(logical(fresh));
      expect(faults(stepwise)).toEqual([]);
      for (const { id } of query(stepwise, 'SELECT id FROM unit')) {
        expect(ofBlobs(stepwise, id as number)).toEqual(ofTables(stepwise, id as number));
      }
    }),
    { numRuns: 8 },
  );
});

test('a kernel that is linked after its units were read, or whose image goes again', async () => {
  const kernel = {
    units: {
      'a.c': { dump: 'f > g', object: 'g global\nhook weak\nsetup in .meminit.text' },
      'b.c': { object: 'hook global\n.data takes g' },
    },
    assembly: { 'entry.S': 'entry global notrace\nentry calls g' },
    script: { other: 'g' },
  };
  const { vmlinux, ...rest } = kernelFiles(kernel);
  const build = buildDir(rest);
  const stepwise = newIndex();
  const again = () => ingest([build], { db: stepwise, build: 'b' });
  const fresh = async () => {
    const db = newIndex();
    await ingest([build], { db, build: 'b' });
    return logical(db);
  };
  await again();
  const before = await fresh();
  expect(logical(stepwise)).toEqual(before);
  put(build, { vmlinux: vmlinux! });
  await again();
  const linked = await fresh();
  expect(logical(stepwise)).toEqual(linked);
  expect(linked['symbols']).not.toEqual(before['symbols']);
  rmSync(join(build, 'vmlinux'));
  await again();
  expect(logical(stepwise)).toEqual(before);
  expect(faults(stepwise)).toEqual([]);
});
