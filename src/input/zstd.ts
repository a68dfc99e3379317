import { ZSTDDecoder } from 'zstddec/stream';
import { InputError } from '../errors.js';
import { type ByteSource, headOf, slices } from './bytes.js';

/**
 * Zstandard through libzstd as WebAssembly, on every Node. Node's own `createZstdDecompress` (from 22.15) drops what
 * follows the first frame, without an error (so in 24.21), and pzstd writes many frames; fzstd moves the whole window
 * once a block (3.5 s for 79 MB made with --long=27, where this takes 0.1 s) and leaves checksums unchecked.
 *
 * A decoding that is given up, or that ends in an error, leaves its window (at most 128 MiB) allocated in the decoder:
 * the next one gets a new decoder.
 *
 * @throws InputError if the data is damaged, cut off or needs a window above 128 MiB
 */
export async function* zstdChunks(source: ByteSource, where: string): AsyncGenerator<Uint8Array> {
  const decoder = await loadDecoder();
  if (windowOf(headOf(source, 18)) > MAX_WINDOW) {
    throw new InputError(
      where,
      'was compressed by zstd with a window above 128 MiB',
      'compress it again with --long=27 or less',
    );
  }
  let supplied = 0;
  function* input(): Generator<Uint8Array> {
    for (const slice of slices(source)) {
      supplied++;
      yield slice;
    }
  }
  // decodeStreaming does not look at libzstd's error codes: on an error it goes on yielding nothing, for ever.
  // Nothing is also what an empty or skippable frame yields, but hardly so often on one slice.
  let empty = 0;
  let emptySince = -1;
  const output = decoder.decodeStreaming(input());
  let ended = false;
  try {
    for (;;) {
      const chunk = next(output, where);
      if (chunk === undefined) {
        ended = true;
        return;
      }
      if (chunk.length > 0) {
        empty = 0;
        yield chunk;
        continue;
      }
      if (emptySince !== supplied) {
        emptySince = supplied;
        empty = 0;
      }
      if (++empty > MAX_EMPTY) throw new InputError(where, 'is damaged: its zstd data does not decompress');
    }
  } finally {
    if (!ended) loading = undefined;
  }
}

const MAX_WINDOW = 2 ** 27;
const MAX_EMPTY = 64;

let loading: Promise<ZSTDDecoder> | undefined;

function loadDecoder(): Promise<ZSTDDecoder> {
  loading ??= (async () => {
    const decoder = new ZSTDDecoder();
    await decoder.init();
    return decoder;
  })();
  return loading;
}

function next(output: Iterator<Uint8Array>, where: string): Uint8Array | undefined {
  try {
    const result = output.next();
    return result.done === true ? undefined : result.value;
  } catch (error) {
    if (error instanceof InputError) throw error;
    const incomplete = error instanceof Error && error.message.startsWith('Incomplete stream');
    throw new InputError(
      where,
      incomplete
        ? 'is cut off: its zstd data ends too early'
        : 'is damaged: its zstd data does not decompress',
    );
  }
}

/** The window a frame asks for, in bytes (RFC 8878, 3.1.1.1.2); 0 where the bytes are no frame header. */
function windowOf(head: Buffer): number {
  if (head.length < 6 || head.readUInt32LE(0) !== 0xfd2fb528) return 0;
  const descriptor = head[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  if (!singleSegment) {
    const base = 2 ** (10 + (head[5]! >> 3));
    return base + (base / 8) * (head[5]! & 7);
  }
  const sizeField = descriptor >> 6;
  const at = 5 + [0, 1, 2, 4][descriptor & 3]!;
  if (head.length < at + (1 << sizeField)) return 0;
  if (sizeField === 2) return head.readUInt32LE(at);
  return sizeField === 3 ? Number(head.readBigUInt64LE(at)) : 0;
}
