import { constants } from 'node:buffer';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError } from '../errors.js';
import { type ByteSource, bufferSource, headOf, slices, withFile } from './bytes.js';
import { type Compression, compressionOf, HEAD_SIZE } from './magic.js';
import { reasonOf } from './names.js';
import { type Filter, filtered } from './program.js';
import { xzChunks } from './xz.js';
import { zstdChunks } from './zstd.js';

/**
 * What compressed bytes hold, piece by piece; memory is bounded by the compression's window.
 *
 * @param where the file, for errors
 * @throws InputError if the data is damaged or cut off
 */
export function decompressedChunks(
  source: ByteSource,
  compression: Compression,
  where: string,
): AsyncGenerator<Uint8Array> {
  if (compression === 'gzip') return gzipChunks(source, where);
  if (compression === 'bzip2') return filtered(BZIP2, slices(source), where);
  return compression === 'xz' ? xzChunks(source, where) : zstdChunks(source, where);
}

/**
 * A file's bytes, decompressed if its first bytes are those of gzip, xz, zstd or bzip2, whatever its name.
 *
 * @throws InputError if the file cannot be read, or its compressed data is damaged or cut off
 */
export function readMaybeCompressed(path: string): Promise<Buffer> {
  return withFile(path, async (source) => {
    const compression = compressionOf(headOf(source, HEAD_SIZE));
    if (compression !== undefined)
      return collect(decompressedChunks(source, compression, path), source.size, path);
    if (source.size > constants.MAX_LENGTH) throw tooLarge(path);
    return source.read(0, source.size);
  });
}

/** As readMaybeCompressed, for bytes that are in memory already; `where` names them in errors. */
export async function maybeDecompress(bytes: Buffer, where: string): Promise<Buffer> {
  const compression = compressionOf(bytes.subarray(0, HEAD_SIZE));
  if (compression === undefined) return bytes;
  return collect(decompressedChunks(bufferSource(bytes, where), compression, where), bytes.length, where);
}

/** No library for it is kept up, streams, and ends on any input (unbzip2-stream does not on a run of 2^32). */
const BZIP2: Filter = {
  program: 'bzip2',
  args: ['-dc'],
  what: 'is compressed by bzip2',
  advice: 'install bzip2, or compress it with gzip, xz or zstd',
};

/** Real kernels and modules compress to a fourth at best, text to a sixtieth: what holds more than this was made to. */
const MOST_TIMES = 100;
const MOST_ALWAYS = 2 ** 26;

/** How many bytes may come out of so many compressed ones, before memory is spent on an attack or on damage. */
export function mostFrom(compressed: number): number {
  return Math.min(MOST_ALWAYS + MOST_TIMES * compressed, constants.MAX_LENGTH);
}

async function collect(
  chunks: AsyncIterable<Uint8Array>,
  compressed: number,
  where: string,
): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  const most = mostFrom(compressed);
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.length;
    if (size > constants.MAX_LENGTH) throw tooLarge(where);
    if (size > most) throw inflated(where);
    parts.push(chunk);
  }
  return Buffer.concat(parts, size);
}

function tooLarge(where: string): InputError {
  return new InputError(where, `is larger than ${constants.MAX_LENGTH} bytes`, 'strip its debug information');
}

export function inflated(where: string): InputError {
  return new InputError(
    where,
    `holds more than ${MOST_TIMES} times its size: no kernel compresses so well`,
    'decompress it yourself, if it is no attack',
  );
}

async function* gzipChunks(source: ByteSource, where: string): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip();
  const input = Readable.from(slices(source), { objectMode: false });
  input.on('error', (error) => gunzip.destroy(error));
  input.pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (error) {
    if (error instanceof InputError) throw error;
    const cutOff = (error as NodeJS.ErrnoException).code === 'Z_BUF_ERROR';
    throw new InputError(
      where,
      cutOff
        ? 'is cut off: its gzip data ends too early'
        : `is damaged: its gzip data does not decompress (${reasonOf(error)})`,
    );
  } finally {
    input.destroy();
    gunzip.destroy();
  }
  refuseTrailing(source, gunzip.bytesWritten, where);
}

/** zlib stops at the first thing that is no gzip member. Zeros may follow (tape blocks); else something is damaged. */
function refuseTrailing(source: ByteSource, consumed: number, where: string): void {
  for (const slice of slices(source, consumed)) {
    if (slice.some((byte) => byte !== 0)) {
      throw new InputError(where, `is damaged: what follows byte ${consumed} is no gzip data`);
    }
  }
}
