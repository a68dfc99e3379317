/** The compressions that klp-reach undoes. */
export type Compression = 'gzip' | 'xz' | 'zstd' | 'bzip2';

const GZIP = Buffer.from('1f8b', 'hex');
const XZ = Buffer.from('fd377a585a00', 'hex');
const ZSTD = Buffer.from('28b52ffd', 'hex');
const BZIP2_BLOCK = Buffer.from('314159265359', 'hex');
const BZIP2_END = Buffer.from('177245385090', 'hex');
const DUMP = Buffer.from('Callgraph ');
const USTAR = Buffer.from('ustar');

/** How many of a file's first bytes the functions here look at. */
export const HEAD_SIZE = 512;

export function compressionOf(head: Buffer): Compression | undefined {
  if (startsWith(head, GZIP)) return 'gzip';
  if (startsWith(head, XZ)) return 'xz';
  if (startsWith(head, ZSTD) || isZstdSkippable(head)) return 'zstd';
  if (isBzip2(head)) return 'bzip2';
  return undefined;
}

/** pzstd begins a file with a skippable frame: 0x184D2A50 to 0x184D2A5F, little endian (RFC 8878, 3.1.2). */
function isZstdSkippable(head: Buffer): boolean {
  return head.length >= 8 && (head.readUInt32LE(0) & 0xfffffff0) >>> 0 === 0x184d2a50;
}

function isBzip2(head: Buffer): boolean {
  const next = head.subarray(4, 10);
  return (
    /^BZh[1-9]$/.test(head.toString('latin1', 0, 4)) && (next.equals(BZIP2_BLOCK) || next.equals(BZIP2_END))
  );
}

/** A tar header has `ustar` at 257; one older than POSIX has only its checksum, which therefore decides too. */
export function isTar(head: Buffer): boolean {
  if (head.length < 512) return false;
  if (head.subarray(257, 262).equals(USTAR)) return true;
  const stored = /^ *([0-7]{1,7})[ \0]/.exec(head.toString('latin1', 148, 156))?.[1];
  if (stored === undefined) return false;
  let sum = 8 * 0x20;
  for (let i = 0; i < 512; i++) if (i < 148 || i >= 156) sum += head[i]!;
  return sum === Number.parseInt(stored, 8);
}

/** An archive without members begins with its end: a block of zeros. */
export function isZeroBlock(head: Buffer): boolean {
  return head.length >= 512 && head.subarray(0, 512).every((byte) => byte === 0);
}

/** Both record kinds of a dump begin so. */
export function isDump(head: Buffer): boolean {
  return startsWith(head, DUMP);
}

/** Text as far as the first bytes tell: no control character that no list of names holds. */
export function isText(head: Buffer): boolean {
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function startsWith(head: Buffer, magic: Buffer): boolean {
  return head.length >= magic.length && head.subarray(0, magic.length).equals(magic);
}
