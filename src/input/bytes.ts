import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from '../errors.js';
import { reasonOf } from './names.js';

/** Bytes that can be read from any place: a file, or a buffer. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes from `offset`; an InputError if they are not there. */
  read(offset: number, length: number): Buffer;
}

export function bufferSource(bytes: Buffer, where: string): ByteSource {
  return {
    size: bytes.length,
    read(offset, length) {
      if (offset + length > bytes.length) throw new InputError(where, 'is cut off');
      return bytes.subarray(offset, offset + length);
    },
  };
}

/**
 * Opens a regular file for the time of `use`.
 *
 * @throws InputError if it cannot be opened, is no regular file, or cannot be read
 */
export async function withFile<T>(path: string, use: (source: ByteSource) => Promise<T>): Promise<T> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw new InputError(path, `cannot be opened: ${reasonOf(error)}`);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new InputError(path, 'is not a regular file');
    return await use({
      size: stat.size,
      read: (offset, length) => readExactly(fd, path, offset, length),
    });
  } finally {
    closeSync(fd);
  }
}

/** The first bytes of a source, as many as there are. */
export function headOf(source: ByteSource, length: number): Buffer {
  return source.read(0, Math.min(length, source.size));
}

const SLICE = 256 * 1024;

/** The bytes from `start` to `end` in slices, each a buffer of its own that the receiver may keep. */
export function* slices(source: ByteSource, start = 0, end = source.size): Generator<Buffer> {
  for (let offset = start; offset < end; offset += SLICE) {
    yield source.read(offset, Math.min(SLICE, end - offset));
  }
}

function readExactly(fd: number, path: string, offset: number, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let done = 0;
  while (done < length) {
    let count: number;
    try {
      count = readSync(fd, bytes, done, length - done, offset + done);
    } catch (error) {
      throw new InputError(path, `cannot be read: ${reasonOf(error)}`);
    }
    if (count === 0)
      throw new InputError(path, 'became shorter while it was read', 'wait for its writer to end');
    done += count;
  }
  return bytes;
}
