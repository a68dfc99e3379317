import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { klpReach } from '../helpers/command.js';
import { copyDemo, hasTool } from '../helpers/demo.js';
import { column, logical } from '../helpers/index-rows.js';
import { moduleFor, vmlinuxOf } from '../helpers/kernel-files.js';
import { buildDir, newIndex, put } from '../helpers/workplace.js';

async function indexed(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const db = newIndex();
  const ran = await klpReach(['index', ...args, '--db', db], { env });
  // Without objects, nothing tells whose functions of vmlinux are that no dump mentions.
  const err = ran.err.replaceAll(/.*which belongs to no unit.*\n/g, '');
  return { ...ran, err, db };
}

/** The demo as it is given to people: the dumps in an archive, and the linked kernel. */
const build = buildDir();
const dumps = buildDir();
let whole: Record<string, readonly string[]>;

beforeAll(async () => {
  copyDemo(build);
  cpSync(build, dumps, {
    recursive: true,
    filter: (path) => !/\.(?:o|ci)$|vmlinux$/.test(path),
  });
  const { code, db } = await indexed([dumps]);
  expect(code).toBe(0);
  whole = logical(db);
});

describe('dumps alone', () => {
  test.each([
    ['tar', []],
    ['tar.gz', ['gzip']],
    ['tar.xz', ['xz']],
    ['tar.zst', ['zstd', '-q']],
    ['tar.bz2', ['bzip2']],
  ] as const)('in a .%s', async (ending, [program, ...args]) => {
    if (program !== undefined && !hasTool(program)) return;
    const folder = buildDir();
    execFileSync('tar', ['-cf', join(folder, 'dumps.tar'), '-C', dumps, '.']);
    if (program !== undefined) {
      const packed = execFileSync(program, [...args, '-c', join(folder, 'dumps.tar')]);
      writeFileSync(join(folder, `dumps.${ending}`), packed);
    }
    const { code, err, db } = await indexed([join(folder, `dumps.${ending}`)]);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const view of ['records', 'nodes']) expect(logical(db)[view]).toEqual(whole[view]);
  });

  test.skipIf(!hasTool('bzip2'))('each by itself compressed by bzip2', async () => {
    const folder = buildDir();
    cpSync(dumps, folder, { recursive: true });
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('clones'),
    );
    for (const name of files) execFileSync('bzip2', [join(folder, name)]);
    const { code, db } = await indexed([folder]);
    expect(code).toBe(0);
    expect(logical(db)['records']).toEqual(whole['records']);
  });

  test('in a bzip2 file, where that is not installed', async () => {
    const folder = buildDir({ 'x.tar.bz2': Buffer.from('425a68393141592653590000000000', 'hex') });
    const { code, err } = await indexed([join(folder, 'x.tar.bz2')], { PATH: folder });
    expect(code).toBe(2);
    expect(err).toBe(
      `klp-reach: ${folder}/x.tar.bz2: is compressed by bzip2, which bzip2 reads, and that is not installed; install bzip2, or compress it with gzip, xz or zstd\n`,
    );
  });
});

const VERMAGIC = '6.1.0-1-default SMP mod_unload ';

/** An unpacked distribution kernel: compressed images, and links to folders that are not there. */
function installed(): string {
  const root = buildDir({
    'boot/config-6.1.0-1-default': 'CONFIG_RING=y\n',
    'boot/symvers-6.1.0-1-default.gz': gzipSync('0x00000000\tring_append\tvmlinux\tEXPORT_SYMBOL\t\n'),
    'lib/modules/6.1.0-1-default/kernel/fs/ring-extra.ko.gz': gzipSync(moduleFor(VERMAGIC)),
    'lib/modules/6.1.0-1-default/modules.order': 'kernel/fs/ring-extra.ko\n',
    'boot/vmlinux-6.1.0-1-default.gz': gzipSync(readFileSync(join(build, 'vmlinux'))),
  });
  symlinkSync('/usr/src/gone', join(root, 'lib/modules/6.1.0-1-default/build'));
  symlinkSync('/usr/src/gone', join(root, 'lib/modules/6.1.0-1-default/source'));
  return root;
}

async function expectKernel({ code, err, db }: Awaited<ReturnType<typeof indexed>>): Promise<void> {
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(column(db, 'SELECT name FROM image ORDER BY 1')).toEqual(['ring_extra', 'vmlinux']);
  expect(column(db, 'SELECT vermagic FROM kernel')).toEqual([VERMAGIC]);
  expect(column(db, 'SELECT name FROM config')).toEqual(['CONFIG_RING']);
  expect(column(db, 'SELECT count(*) FROM export')).toEqual([1]);
}

describe('an installed kernel', () => {
  test('beside the dumps', async () => {
    const root = installed();
    cpSync(dumps, root, { recursive: true });
    await expectKernel(await indexed([root]));
  });

  test('in a folder of its own', async () => {
    await expectKernel(await indexed([dumps, installed()]));
  });

  test('of two versions is refused', async () => {
    const root = installed();
    copyFileSync(
      join(root, 'boot/vmlinux-6.1.0-1-default.gz'),
      join(root, 'boot/vmlinux-6.4.0-1-default.gz'),
    );
    const { code, err } = await indexed([dumps, root]);
    expect(code).toBe(2);
    expect(err).toContain('the input holds several kernels: ');
    expect(err).toContain('vmlinux-6.4.0-1-default.gz; name the one of the build with --vmlinux');
  });
});

/** An rpm package as libarchive reads it: a lead, a signature and a header without entries, and a cpio archive. */
function rpmOf(root: string): Buffer {
  const lead = Buffer.alloc(96);
  Buffer.from('edabeedb0300', 'hex').copy(lead);
  const header = Buffer.from('8eade801000000000000000000000000', 'hex');
  const cpio = execFileSync('bsdtar', ['-cf', '-', '--format=newc', '-C', root, '.']);
  return Buffer.concat([lead, header, header, gzipSync(cpio)]);
}

/** A deb package: an ar archive with a data.tar.gz. */
function debOf(root: string): Buffer {
  const folder = buildDir({ 'debian-binary': '2.0\n' });
  execFileSync('tar', ['-czf', join(folder, 'data.tar.gz'), '-C', root, '.']);
  execFileSync('ar', ['rc', 'x.deb', 'debian-binary', 'data.tar.gz'], { cwd: folder });
  return readFileSync(join(folder, 'x.deb'));
}

describe('a package', () => {
  test.skipIf(!hasTool('bsdtar'))('rpm is read', async () => {
    const folder = buildDir({ 'kernel.rpm': rpmOf(installed()) });
    await expectKernel(await indexed([dumps, join(folder, 'kernel.rpm')]));
  });

  test.skipIf(!hasTool('bsdtar'))('deb is read', async () => {
    const folder = buildDir({ 'kernel.deb': debOf(installed()) });
    await expectKernel(await indexed([dumps, join(folder, 'kernel.deb')]));
  });

  test.skipIf(!hasTool('bsdtar'))('that is damaged is refused', async () => {
    const folder = buildDir({ 'kernel.deb': debOf(installed()).subarray(0, 300) });
    const { code, err } = await indexed([dumps, join(folder, 'kernel.deb')]);
    expect(code).toBe(2);
    expect(err).toMatch(/kernel\.deb: .*(?:damaged|cut off|no tar archive)/);
  });

  test.each([
    ['rpm', 'edabeedb', 'is an rpm package'],
    ['deb', Buffer.from('!<arch>\ndebian-binary   ').toString('hex'), 'is a deb package'],
  ])('%s is refused where bsdtar is not installed', async (kind, head, what) => {
    const folder = buildDir({ [`x.${kind}`]: Buffer.from(head, 'hex') });
    const { code, err } = await indexed([join(folder, `x.${kind}`)], { PATH: folder });
    expect(code).toBe(2);
    expect(err).toContain(
      `x.${kind}: ${what}, which bsdtar reads, and that is not installed; install bsdtar (libarchive-tools), or unpack the package and give the folder`,
    );
  });
});

describe('klp-build’s data', () => {
  /** DATA/ARCH: the dumps in usr/src/linux-KERNEL-obj, what was linked in boot and lib/modules. */
  function dataOf(): { root: string; obj: string } {
    const root = installed();
    const obj = join(root, 'usr/src/linux-6.1.0-1-obj/x86_64/default');
    mkdirSync(dirname(obj), { recursive: true });
    cpSync(dumps, obj, { recursive: true });
    for (const name of readdirSync(obj, { recursive: true, encoding: 'utf8' }))
      utimesSync(join(obj, name), 1_700_000_000, 1_700_000_000);
    return { root, obj };
  }

  test('is read whole', async () => {
    await expectKernel(await indexed([dataOf().root]));
  });

  test('has empty files where dumps are missing, and empty dumps', async () => {
    const { root, obj } = dataOf();
    put(obj, {
      'fs/missing.c.000i.ipa-clones': '',
      'fs/empty.c.000i.ipa-clones': '',
      'x.mod.c.000i.ipa-clones': '',
    });
    utimesSync(join(obj, 'fs/empty.c.000i.ipa-clones'), 1_700_000_100, 1_700_000_100);
    const { code, err, db } = await indexed([root]);
    expect(code).toBe(0);
    const file = 'usr/src/linux-6.1.0-1-obj/x86_64/default/fs/missing.c.000i.ipa-clones';
    expect(err).toBe(
      `klp-reach: warning: ${file}: ${file} is empty, has no object or call graph, and was made after the build: it may stand in for a dump that is missing\n`,
    );
    expect(column(db, 'SELECT path FROM units WHERE complete = 0')).toEqual([file]);
    rmSync(join(root, file));
    expect((await indexed([root])).err).toBe('');
  });

  test('is not told of where an object is', async () => {
    const { root, obj } = dataOf();
    put(obj, { 'core/new.c.000i.ipa-clones': '', 'core/new.o': readFileSync(join(build, 'core/index.o')) });
    expect((await indexed([root])).err).not.toContain('may stand in');
  });
});

test('a vmlinux of another kernel than the modules', async () => {
  const root = buildDir({ vmlinux: vmlinuxOf({ release: '6.4.0' }), 'x.ko': moduleFor(VERMAGIC) });
  const { err } = await indexed([dumps, root]);
  expect(err).toContain(`${root}/x.ko is for the kernel \`${VERMAGIC.trim()}\`, and ${root}/vmlinux is not`);
});
