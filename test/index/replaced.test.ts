import {
  copyFileSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { klpReach } from '../helpers/command.js';
import { copyDemo } from '../helpers/demo.js';
import { dump } from '../helpers/dump-text.js';
import { ingest } from '../helpers/library.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

const build = buildDir({ 'a.c.000i.ipa-clones': dump('f > g') });

/** Indexes, and does something to the index before it is committed. */
function indexed(db: string, meanwhile: () => void) {
  return ingest([build], {
    db,
    build: 'b',
    onProgress: ({ phase }) => {
      if (phase === 'writing the index') meanwhile();
    },
  });
}

describe('an index that is no more what was opened is an error before the commit', () => {
  const advice =
    'was deleted or replaced while it was written, so that nobody would see what was; index again';

  test('deleted', async () => {
    const db = newIndex();
    await expect(indexed(db, () => rmSync(db))).rejects.toThrow(`${db}: ${advice}`);
    expect(existsSync(db)).toBe(false);
  });

  test('replaced by another one, which stays', async () => {
    const other = newIndex();
    await indexed(other, () => {});
    const db = newIndex();
    copyFileSync(other, db);
    const before = readFileSync(other);
    put(build, { 'b.c.000i.ipa-clones': dump('h > i', 'b.c') });
    await expect(indexed(db, () => renameSync(other, db))).rejects.toThrow(`${db}: ${advice}`);
    expect(readFileSync(db).equals(before)).toBe(true);
    expect(await klpReach(['affected', 'f', '--db', db])).toMatchObject({ code: 0 });
  });
});

describe('a file of the same size and time with other contents', () => {
  test.each(['core/ring.o', 'core/ring.ci', 'core/ring.c.000i.ipa-clones'])(
    '%s is found by --verify',
    async (name) => {
      const copy = buildDir();
      copyDemo(copy);
      const db = newIndex();
      const index = (...args: readonly string[]) => klpReach(['index', copy, '--db', db, ...args]);
      const file = join(copy, name);
      utimesSync(file, 2000, 2000);
      expect((await index()).code).toBe(0);
      const text = readFileSync(file, 'latin1');
      // A function's name, in the source's or a symbol's spelling.
      writeFileSync(file, text.replaceAll('record_verify', 'record_verifx'), 'latin1');
      utimesSync(file, 2000, 2000);
      expect((await index()).out).toContain('0 added, 0 changed, 6 unchanged');
      expect((await index('--verify')).out).toContain('0 added, 1 changed, 5 unchanged');
      expect((await index('--verify')).out).toContain('0 added, 0 changed, 6 unchanged');
    },
  );
});
