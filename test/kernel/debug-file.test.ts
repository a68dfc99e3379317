import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { openElf } from '../../src/elf/index.js';
import {
  debugLinkOf,
  debugPlaces,
  misfit,
  symbolsAlone,
  withSymbolsOf,
} from '../../src/kernel/debug-file.js';
import { imageOf } from '../../src/symbols/image.js';
import { klpReach } from '../helpers/command.js';
import { copyDemo, hasTool } from '../helpers/demo.js';
import { buildElf } from '../helpers/elf-builder.js';
import { column, logical } from '../helpers/index-rows.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

describe('where a debug file can be', () => {
  test('of an installed kernel', () => {
    const places = debugPlaces('boot/vmlinux-6.4.xz', { name: 'vmlinux-6.4.debug', crc: 1 }, 'abcd12');
    expect(places).toEqual([
      'boot/vmlinux-6.4.debug',
      'boot/.debug/vmlinux-6.4.debug',
      'usr/lib/debug/boot/vmlinux-6.4.debug',
      'usr/lib/debug/boot/vmlinux-6.4',
      'usr/lib/debug/.build-id/ab/cd12.debug',
      'boot/usr/lib/debug/vmlinux-6.4.debug',
      'boot/usr/lib/debug/vmlinux-6.4',
      'boot/usr/lib/debug/.build-id/ab/cd12.debug',
    ]);
  });

  test('of a file on the disk', () => {
    const places = debugPlaces('/srv/r/lib/x.ko', undefined, undefined);
    expect(places).toContain('/srv/r/lib/x.ko.debug');
    expect(places).toContain('/srv/r/usr/lib/debug/lib/x.ko.debug');
    expect(places).toContain('/usr/lib/debug/srv/r/lib/x.ko');
    expect(places).not.toContain('/srv/r/lib/x.ko');
  });
});

test('whose it is', () => {
  const link = { name: 'd', crc: 7 };
  const of = (buildId: string | undefined, crc = 7) => ({ buildId, crc: () => crc });
  expect(misfit({ buildId: 'a', link }, of('a', 8))).toBeUndefined();
  expect(misfit({ buildId: 'a', link }, of('b'))).toBe('has the build id b instead of a');
  expect(misfit({ buildId: undefined, link }, of('b'))).toBeUndefined();
  expect(misfit({ buildId: 'a', link }, of(undefined, 8))).toBe(
    'has the checksum 00000008 instead of 00000007',
  );
  expect(misfit({ buildId: undefined, link: undefined }, of('b'))).toBe(
    'has no build id that tells whose it is',
  );
});

test.each([[''], ['no end'], ['d\0'], ['\0\0\0\0\0\0\0\0']])('%j links to nothing', (text) => {
  const data = Buffer.from(text);
  expect(
    debugLinkOf(openElf(buildElf({ sections: [{ name: '.gnu_debuglink', data }] }), 'f')),
  ).toBeUndefined();
});

const tools = ['objcopy', 'strip'].every(hasTool);

describe.skipIf(!tools)('samples/demo with its symbols split off', () => {
  const demo = fileURLToPath(new URL('../../samples/demo/build', import.meta.url));
  let whole: Record<string, readonly string[]>;
  beforeAll(async () => {
    const db = newIndex();
    expect(await klpReach(['index', demo, '--db', db])).toMatchObject({ code: 0 });
    whole = logical(db);
  });

  /** The demo, its vmlinux stripped, its debug file put where it is asked for. */
  function split(place: string, { link = true, strip = '--strip-all' } = {}): string {
    const build = buildDir();
    copyDemo(build);
    const vmlinux = join(build, 'vmlinux');
    const debug = join(build, place);
    mkdirSync(dirname(debug), { recursive: true });
    execFileSync('objcopy', ['--only-keep-debug', vmlinux, debug]);
    execFileSync('strip', [strip, vmlinux]);
    if (link) execFileSync('objcopy', [`--add-gnu-debuglink=${debug}`, vmlinux]);
    return build;
  }

  async function indexed(...args: readonly string[]) {
    const db = newIndex();
    const ran = await klpReach(['index', ...args, '--db', db]);
    return { ...ran, db };
  }

  test.each(['vmlinux.debug', '.debug/vmlinux.debug', 'other-name', 'usr/lib/debug/vmlinux.debug'])(
    'in %s is the same',
    async (place) => {
      const { code, err, db } = await indexed(split(place));
      expect(err).toBe('');
      expect(code).toBe(0);
      const rows = logical(db);
      for (const view of ['symbols', 'image_symbols', 'references', 'outside_references', 'units'])
        expect(rows[view]).toEqual(whole[view]);
    },
  );

  test('without its STT_FILE symbols too', async () => {
    const { db } = await indexed(split('vmlinux.debug', { strip: '--strip-debug' }));
    expect(logical(db)['image_symbols']).toEqual(whole['image_symbols']);
  });

  test('in an archive is the same', async () => {
    const build = split('usr/lib/debug/vmlinux.debug');
    const archive = join(buildDir(), 'demo.tar');
    execFileSync('tar', ['-cf', archive, '-C', build, '.']);
    const { err, db } = await indexed(archive);
    expect(err).toBe('');
    expect(logical(db)['image_symbols']).toEqual(whole['image_symbols']);
  });

  test('of another build is a problem', async () => {
    const build = split('vmlinux.debug');
    const debug = join(build, 'vmlinux.debug');
    execFileSync('objcopy', ['--add-section', `.note.x=${debug}`, debug]);
    const { err, db } = await indexed(build);
    expect(err).toContain(`${debug} has the checksum `);
    expect(err).toContain(`and does not belong to ${build}/vmlinux`);
    expect(err).toContain('has no symbol table');
    expect(column(db, "SELECT file FROM problem WHERE code = 'debug-other-build'")).toEqual([debug]);
  });

  test('and nothing that tells whose they are is one too', async () => {
    const { err } = await indexed(split('vmlinux.debug', { link: false }));
    expect(err).toContain('vmlinux.debug has no build id that tells whose it is');
  });

  test('alone is no image', async () => {
    const build = split('only.debug');
    copyFileSync(join(build, 'only.debug'), join(build, 'vmlinux'));
    const { err } = await indexed(build);
    expect(err).toContain('holds debug information alone, and no code');
  });

  test('keep their symbols where all else is left out', () => {
    const build = split('vmlinux.debug');
    const [stripped, debug] = ['vmlinux', 'vmlinux.debug'].map((name) =>
      openElf(readFileSync(join(build, name)), name),
    ) as [ReturnType<typeof openElf>, ReturnType<typeof openElf>];
    const small = openElf(symbolsAlone(debug), 'small');
    const { file: _, ...image } = imageOf(withSymbolsOf(stripped, small));
    const { file: __, ...original } = imageOf(openElf(readFileSync(join(demo, 'vmlinux')), 'vmlinux'));
    expect(image.names).toEqual(original.names);
    expect(image.traceable).toEqual(original.traceable);
  });
});
