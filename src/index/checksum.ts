import * as zlib from 'node:zlib';

/** CRC-32 as zlib has it, of bytes that follow those of `before`; Node 20.15 and newer bring it along. */
export const checksum: (bytes: Uint8Array, before?: number) => number =
  (zlib as Partial<typeof zlib>).crc32 ?? ownChecksum;

/** What tells contents of equal size and time apart: 32 bits and the size of each file. */
export function contentsHash(files: readonly Uint8Array[]): string {
  return files.map((bytes) => `${bytes.length}:${checksum(bytes).toString(16)}`).join(' ');
}

let table: Uint32Array | undefined;

/** @internal for a Node that has none, and for the test that compares them */
export function ownChecksum(bytes: Uint8Array, before = 0): number {
  table ??= Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest & 1) === 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
    return rest;
  });
  let sum = ~before;
  for (const byte of bytes) sum = table[(sum ^ byte) & 0xff]! ^ (sum >>> 8);
  return ~sum >>> 0;
}
