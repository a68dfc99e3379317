/**
 * A seal behind the pages of an index: a checksum of the whole file, so that bytes that flip never give another answer.
 *
 * SQLite goes by the number of pages in its header and does not look at what follows (fileformat2.html, 1.3.3). Another
 * program that changes the file raises the change counter of the header; what it wrote has no seal, and is let be.
 *
 * Summing up a whole kernel's index takes a sixth of an ordinary question. So the seal sets the file's time to whole
 * seconds and has it too: while the file still has that time, nobody wrote to it, and a question need not sum up.
 */
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  futimesSync,
  openSync,
  readSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { InputError } from '../errors.js';
import { reasonOf } from '../input/names.js';
import { checksum } from './checksum.js';

const MAGIC = 'klp-reach seal 1';
/** The magic, the change counter, the checksum, the time in seconds. */
const SIZE = MAGIC.length + 16;
/** More at once is no faster (measured on 71 MB: 34 ms, of which reading takes 13). */
const CHUNK = 256 * 1024;

/** Offsets in SQLite's header (fileformat2.html, 1.3). */
const Header = { size: 100, pageSize: 16, changes: 24, pages: 28, validFor: 92 } as const;

/** Seals a database; nothing may write to it meanwhile. */
export function seal(file: string): void {
  const fd = openIndex(file, 'r+');
  try {
    const { end, changes } = headerOf(fd);
    const record = Buffer.alloc(SIZE);
    record.write(MAGIC, 'latin1');
    record.writeUInt32BE(changes, MAGIC.length);
    record.writeUInt32BE(sumOf(fd, end), MAGIC.length + 4);
    const time = Math.floor(Date.now() / 1000);
    record.writeBigUInt64BE(BigInt(time), MAGIC.length + 8);
    writeSync(fd, record, 0, SIZE, end);
    ftruncateSync(fd, end + SIZE);
    fsyncSync(fd);
    futimesSync(fd, time, time);
  } finally {
    closeSync(fd);
  }
}

/**
 * Whether the file is what was sealed; false where there is no seal that tells, as the writer was killed before, or
 * another program changed the file since. Nothing may write to it meanwhile.
 *
 * @param whole whether to sum up in any case: what flips on a disk leaves the file's time as it is
 * @throws InputError if it is not
 */
export function checkSeal(file: string, whole: boolean): boolean {
  const fd = openIndex(file, 'r');
  try {
    const sealed = sealedState(fd, fstatSync(fd), whole);
    if (sealed === 'damaged') {
      throw new InputError(file, 'the index is damaged', 'delete it and index the build again');
    }
    return sealed === 'whole';
  } finally {
    closeSync(fd);
  }
}

/** Whether a file has a seal of its last change, whatever its bytes are. */
export function hasSeal(file: string): boolean {
  const fd = openIndex(file, 'r');
  try {
    return recordOf(fd, headerOf(fd)) !== undefined;
  } finally {
    closeSync(fd);
  }
}

/** SQLite has the file open: what is gone is its name. */
function openIndex(file: string, flags: 'r' | 'r+'): number {
  try {
    return openSync(file, flags);
  } catch (error) {
    const isGone = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw new InputError(
      file,
      isGone ? 'the index was deleted or moved meanwhile' : `the index cannot be opened: ${reasonOf(error)}`,
      isGone ? 'index the build again, or name another index with --db' : 'check its permissions',
    );
  }
}

function sealedState(
  fd: number,
  { size, mtimeMs }: Stats,
  whole: boolean,
): 'whole' | 'damaged' | 'not sealed' {
  const header = headerOf(fd);
  const { end, pageSize, changes, validFor } = header;
  if (changes !== validFor) return 'damaged';
  // SQLite takes a seal for the beginning of a page, and rolls a change back to that many.
  if (size < end || size > end + pageSize) return 'damaged';
  const record = recordOf(fd, header);
  if (!record) return 'not sealed';
  const isUntouched = Number(record.readBigUInt64BE(MAGIC.length + 8)) * 1000 === mtimeMs;
  if (isUntouched && !whole) return 'whole';
  return record.readUInt32BE(MAGIC.length + 4) === sumOf(fd, end) ? 'whole' : 'damaged';
}

/** The seal of the file's last change. */
function recordOf(fd: number, { end, changes }: ReturnType<typeof headerOf>): Buffer | undefined {
  const record = Buffer.alloc(SIZE);
  const isThere = readSync(fd, record, 0, SIZE, end) === SIZE;
  if (!isThere || record.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined;
  return record.readUInt32BE(MAGIC.length) === changes ? record : undefined;
}

function headerOf(fd: number) {
  const header = Buffer.alloc(Header.size);
  readSync(fd, header, 0, Header.size, 0);
  const said = header.readUInt16BE(Header.pageSize);
  const pageSize = said === 1 ? 65536 : said;
  return {
    pageSize,
    end: pageSize * header.readUInt32BE(Header.pages),
    changes: header.readUInt32BE(Header.changes),
    validFor: header.readUInt32BE(Header.validFor),
  };
}

function sumOf(fd: number, end: number): number {
  const chunk = Buffer.allocUnsafe(CHUNK);
  let sum = 0;
  for (let at = 0; at < end; ) {
    const count = readSync(fd, chunk, 0, Math.min(CHUNK, end - at), at);
    if (count === 0) break;
    sum = checksum(count === CHUNK ? chunk : chunk.subarray(0, count), sum);
    at += count;
  }
  return sum;
}
