import { expect, test } from 'vitest';
import { sweep } from '../../src/reach/sweep.js';
import { Asked } from '../helpers/asked.js';
import { ingest } from '../helpers/library.js';
import { kernelFiles, type SmallKernel } from '../helpers/small-kernel.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

async function indexOf(builds: Readonly<Record<string, SmallKernel>>): Promise<Asked> {
  const db = newIndex();
  for (const [build, kernel] of Object.entries(builds)) {
    await ingest([buildDir(kernelFiles(kernel))], { db, build });
  }
  return new Asked(db);
}

/** `quiet` is called by a function of another unit, whose name differs from build to build. */
const kernel = (user: string, more = ''): SmallKernel => ({
  units: {
    'a.c': { dump: 'f > quiet', object: 'quiet global notrace' },
    'b.c': { object: `${user} global\n${more}`, calls: `${user} -> quiet` },
  },
});

test('callers and references of one build are none of another', async () => {
  const asked = await indexOf({ old: kernel('old_user'), recent: kernel('new_user', '.data takes quiet') });
  const said = (build: string) => asked.members('f', { filter: { build } });
  expect(said('old')).toEqual(['blocked quiet', 'gone f', 'patch b.c:old_user']);
  expect(said('recent')).toEqual(['blocked quiet', 'gone f', 'patch b.c:new_user']);
  const [old, recent] = asked.answers('f');
  expect(old!.definition.build).toBe('old');
  expect(old!.units[0]!.unknowns).toEqual([]);
  expect(recent!.units[0]!.unknowns).toMatchObject([{ code: 'open-end', function: 'quiet' }]);
});

test('what another build lacks makes no answer incomplete', async () => {
  const lacking = { units: { ...kernel('x').units, 'c.c': { object: 'c global', calls: null } } };
  const asked = await indexOf({ whole: kernel('user'), lacking });
  const unknowns = (build: string) => asked.unit('f', { filter: { build } }).unknowns.length;
  // That its callers are not known, and which call graph is missing.
  expect([unknowns('whole'), unknowns('lacking')]).toEqual([0, 2]);
});

test('the sweep of a build is that of an index that has no other', async () => {
  const both = await indexOf({ old: kernel('old_user'), recent: kernel('new_user') });
  const names = both.names();
  const swept = (build: string) =>
    [...sweep(both.reach.sets(build))].flatMap(({ unit, functions }) =>
      [...functions].map(({ name, members, verdict }) =>
        [unit.row.source, names.get(name), members.length, verdict].join(' '),
      ),
    );
  expect(swept('recent').sort()).toEqual(['a.c f 2 patch', 'a.c quiet 2 patch', 'b.c new_user 1 patch']);
});
