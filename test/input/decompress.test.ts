import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { maybeDecompress, readMaybeCompressed } from '../../src/input/decompress.js';
import { filter, hasCommand, tree, zstdFrame, zstdSkippable } from './fixtures.js';

const TEXT = Buffer.from('Callgraph removal;foo;1;a.c;1;5\n'.repeat(400));
/** `printf 'klp-reach\n' | xz` */
const XZ = Buffer.from(
  '/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAJa2xwLXJlYWNoCgAAALlCqclMjtL5AAEiChUa4WcftvN9AQAAAAAEWVo=',
  'base64',
);

async function refusal(bytes: Buffer): Promise<string> {
  const error: unknown = await maybeDecompress(bytes, 'file').catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(InputError);
  return (error as InputError).message;
}

const compressors: readonly (readonly [string, boolean, (bytes: Buffer) => Buffer])[] = [
  ['gzip', true, (bytes) => gzipSync(bytes)],
  ['xz', hasCommand('xz'), (bytes) => filter('xz', ['-c'], bytes)],
  ['zstd', hasCommand('zstd'), (bytes) => filter('zstd', ['-qc'], bytes)],
];

describe.each(compressors)('%s', (_name, present, compress) => {
  it.skipIf(!present)('gives back what went in', async () => {
    for (const bytes of [Buffer.alloc(0), TEXT, Buffer.alloc(3_000_000, 'abcdefg')]) {
      expect((await maybeDecompress(compress(bytes), 'file')).equals(bytes)).toBe(true);
    }
  });

  it.skipIf(!present)('reads pieces put together with cat', async () => {
    const bytes = Buffer.concat([compress(TEXT), compress(Buffer.from('end'))]);
    expect((await maybeDecompress(bytes, 'file')).toString()).toBe(`${TEXT}end`);
  });

  it.skipIf(!present)('stops where far more comes out than any kernel holds', async () => {
    const bomb = compress(Buffer.alloc(200_000_000));
    expect(await refusal(bomb)).toMatch(/^file: holds more than 100 times its size/);
    // What was given up leaves nothing behind for the next one.
    expect((await maybeDecompress(compress(TEXT), 'file')).equals(TEXT)).toBe(true);
  });

  it.skipIf(!present)('refuses what is cut off, wherever', async () => {
    const whole = compress(TEXT);
    for (let length = 8; length < whole.length; length++) {
      expect(await refusal(whole.subarray(0, length))).toMatch(/^file: is cut off/);
    }
  });

  it.skipIf(!present)('refuses what is damaged, or gives the right bytes all the same', async () => {
    const whole = compress(TEXT);
    const flip = fc.tuple(fc.integer({ min: 8, max: whole.length - 1 }), fc.integer({ min: 0, max: 7 }));
    await fc.assert(
      fc.asyncProperty(flip, async ([at, bit]) => {
        const damaged = Buffer.from(whole);
        damaged[at] = damaged[at]! ^ (1 << bit);
        const result = await maybeDecompress(damaged, 'file').catch((error: unknown) => error);
        if (Buffer.isBuffer(result)) expect(result.equals(TEXT)).toBe(true);
        else expect(result).toBeInstanceOf(InputError);
      }),
      { numRuns: 300 },
    );
  });

  it.skipIf(!present)('refuses what other bytes follow', async () => {
    expect(await refusal(Buffer.concat([compress(TEXT), Buffer.from('something else')]))).toMatch(
      /^file: is /,
    );
  });
});

describe('maybeDecompress', () => {
  it('leaves other bytes as they are', async () => {
    for (const bytes of [TEXT, Buffer.alloc(0), Buffer.from('1f', 'hex'), Buffer.from('7f454c46', 'hex')]) {
      expect(await maybeDecompress(bytes, 'file')).toBe(bytes);
    }
  });

  it('reads xz without a command to make it', async () => {
    expect((await maybeDecompress(XZ, 'file')).toString()).toBe('klp-reach\n');
    const padded = Buffer.concat([XZ, Buffer.alloc(8), XZ, Buffer.alloc(4)]);
    expect((await maybeDecompress(padded, 'file')).toString()).toBe('klp-reach\nklp-reach\n');
  });

  it('reads zstd frames as pzstd writes them', async () => {
    const parts = [
      zstdSkippable(Buffer.from('size')),
      zstdFrame(TEXT),
      zstdSkippable(Buffer.alloc(4)),
      zstdFrame(TEXT),
    ];
    expect((await maybeDecompress(Buffer.concat(parts), 'file')).equals(Buffer.concat([TEXT, TEXT]))).toBe(
      true,
    );
  });

  it('refuses a zstd window that is too large, and says so', async () => {
    const frame = zstdFrame(Buffer.from('x'));
    const windowed = Buffer.concat([frame.subarray(0, 4), Buffer.from([0, 18 << 3]), frame.subarray(9)]);
    expect(await refusal(windowed)).toContain('window above 128 MiB; compress it again with --long=27');
  });

  it('refuses zstd frames that end in an error at once', async () => {
    const reserved = Buffer.from(zstdFrame(TEXT));
    reserved[9] = reserved[9]! | 6;
    expect(await refusal(reserved)).toMatch(/^file: is (damaged|cut off)/);
  });

  it('ignores zeros after gzip, as tape drives leave them', async () => {
    expect(
      (await maybeDecompress(Buffer.concat([gzipSync(TEXT), Buffer.alloc(512)]), 'file')).equals(TEXT),
    ).toBe(true);
  });

  it('can run inside itself and beside itself', async () => {
    const results = await Promise.all(
      [XZ, zstdFrame(TEXT), XZ, gzipSync(TEXT), XZ].map((bytes) => maybeDecompress(bytes, 'f')),
    );
    expect(results.map((result) => result.length)).toEqual([10, TEXT.length, 10, TEXT.length, 10]);
  });
});

describe.skipIf(!hasCommand('xz'))('xz with options', () => {
  it.each([['--check=none'], ['--check=crc32', '--lzma2=dict=1MiB'], ['-9e'], ['--block-size=1000']])(
    'reads %s',
    async (...options) => {
      expect((await maybeDecompress(filter('xz', ['-c', ...options], TEXT), 'file')).equals(TEXT)).toBe(true);
    },
  );

  it('says what it cannot do', async () => {
    expect(await refusal(filter('xz', ['-c', '--check=sha256'], TEXT))).toContain(
      'compress it again with xz --check=crc64',
    );
    expect(await refusal(filter('xz', ['-c', '--x86', '--lzma2'], TEXT))).toContain(
      'compress it again with xz -6',
    );
    expect(await refusal(filter('xz', ['-c', '--lzma2=dict=512MiB'], TEXT))).toContain(
      'compress it again with xz -6',
    );
  });
});

describe('readMaybeCompressed', () => {
  it('reads a file, compressed or not, whatever its name', async () => {
    const dir = tree({
      vmlinux: TEXT,
      'vmlinux.zst': zstdFrame(TEXT),
      'a.ko': XZ,
      'b.ko.xz': gzipSync(TEXT),
      none: '',
    });
    const read = async (name: string): Promise<number> => (await readMaybeCompressed(join(dir, name))).length;
    expect(await Promise.all(['vmlinux', 'vmlinux.zst', 'a.ko', 'b.ko.xz', 'none'].map(read))).toEqual([
      TEXT.length,
      TEXT.length,
      10,
      TEXT.length,
      0,
    ]);
  });

  it('refuses what it cannot read', async () => {
    const dir = tree({ 'a.ko.xz': XZ.subarray(0, 40) });
    await expect(readMaybeCompressed(join(dir, 'a.ko.xz'))).rejects.toThrow(/a\.ko\.xz: is cut off/);
    await expect(readMaybeCompressed(join(dir, 'gone'))).rejects.toThrow(InputError);
    await expect(readMaybeCompressed(dir)).rejects.toThrow(/is not a regular file/);
  });
});
