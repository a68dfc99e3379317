import { ElfError } from './elf-error.js';

/**
 * The longest name that is read. Kernel names end at 511 bytes (KSYM_NAME_LEN), C++ ones at a few thousand; without a
 * limit, a crafted file whose symbols all point into one long string would need memory of its size squared.
 */
const LONGEST_NAME = 8192;

/** Numbers and names at byte offsets of one ELF file, in its byte order. Callers check the offsets, except where said. */
export class ByteReader {
  readonly bytes: Buffer;
  readonly view: DataView;

  constructor(
    bytes: Uint8Array,
    readonly littleEndian: boolean,
    readonly file: string,
  ) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number): number {
    return this.bytes[at]!;
  }

  u16(at: number): number {
    return this.view.getUint16(at, this.littleEndian);
  }

  u32(at: number): number {
    return this.view.getUint32(at, this.littleEndian);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(at, this.littleEndian);
  }

  /** The upper 32 bits of a 64-bit number. */
  high(at: number): number {
    return this.view.getUint32(this.littleEndian ? at + 4 : at, this.littleEndian);
  }

  /** The lower 32 bits of a 64-bit number. */
  low(at: number): number {
    return this.view.getUint32(this.littleEndian ? at : at + 4, this.littleEndian);
  }

  /** A 64-bit number as a double: exact below 2^53, rounded above, and then larger than any file. */
  rough64(at: number): number {
    return this.high(at) * 0x1_0000_0000 + this.low(at);
  }

  /**
   * The NUL-ended string at `offset` of the string table [start, start + size).
   *
   * @param what whose name it is, for the message
   * @throws ElfError where the table does not hold it
   */
  string(start: number, size: number, offset: number, what: string): string {
    if (offset === 0 && size === 0) return '';
    if (offset >= size) {
      throw new ElfError(this.file, `the name of ${what} lies outside of its string table`);
    }
    const { bytes } = this;
    const from = start + offset;
    const stop = Math.min(start + size, from + LONGEST_NAME + 1);
    let ascii = 0;
    let end = from;
    // Faster than indexOf for names as short as these (25 bytes on average), and it sees whether UTF-8 is needed.
    for (; end < stop; end++) {
      const byte = bytes[end]!;
      if (byte === 0) return bytes.toString(ascii < 0x80 ? 'latin1' : 'utf8', from, end);
      ascii |= byte;
    }
    throw new ElfError(
      this.file,
      end === start + size
        ? `the name of ${what} runs over the end of its string table`
        : `the name of ${what} is longer than ${LONGEST_NAME} bytes`,
    );
  }
}
