import { createRequire } from 'node:module';
import { ReadableStream } from 'node:stream/web';
import { InputError } from '../errors.js';
import { type ByteSource, slices } from './bytes.js';

type XzModule = typeof import('xz-decompress');

/** One xz stream inside a file; `xz` pieces put together with cat are several. */
interface XzStream {
  readonly start: number;
  readonly end: number;
}

/**
 * Decompresses .xz data, all of its streams.
 *
 * @throws InputError if the data is damaged, cut off or uses what xz-embedded cannot do
 */
export async function* xzChunks(source: ByteSource, where: string): AsyncGenerator<Uint8Array> {
  for (const stream of xzStreams(source, where)) yield* oneStream(source, stream, where);
}

async function* oneStream(source: ByteSource, stream: XzStream, where: string): AsyncGenerator<Uint8Array> {
  const module = idle.pop() ?? loadModule();
  const input = slices(source, stream.start, stream.end);
  const compressed = new ReadableStream<Uint8Array>({
    pull(controller) {
      const { done, value } = input.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
  const reader = new module.XzReadableStream(compressed as never).getReader();
  let ended = false;
  try {
    for (;;) {
      const result = await reader.read();
      if (result.done) break;
      if (result.value.length > 0) yield result.value;
    }
    ended = true;
  } catch (error) {
    throw error instanceof InputError ? error : new InputError(where, ...explain(error));
  } finally {
    if (ended) idle.push(module);
    else reader.cancel().catch(() => {});
  }
}

/**
 * xz-decompress lets only one decompression of a module instance run at a time, so that one begun inside another (a
 * .ko.xz in a .tar.xz) would wait for ever. Each running decompression therefore has an instance to itself; an
 * instance whose decompression failed is dropped, with its memory.
 */
const idle: XzModule[] = [];
const require = createRequire(import.meta.url);

function loadModule(): XzModule {
  const path = require.resolve('xz-decompress');
  delete require.cache[path];
  return require(path) as XzModule;
}

/** `enum xz_ret` of xz-embedded (linux/xz.h). */
function explain(error: unknown): [what: string, advice?: string] {
  const message = error instanceof Error ? error.message : String(error);
  const code = /error code (\d+)/.exec(message)?.[1];
  if (code === '2' || code === '6') {
    return ['was compressed by xz with options that are not supported', 'compress it again with xz -6'];
  }
  if (code === '3' || code === '4') {
    return ['was compressed by xz with a dictionary that is too large', 'compress it again with xz -6'];
  }
  if (code === '8') return ['is cut off: its xz data ends too early'];
  return ['is damaged: its xz data does not decompress'];
}

const HEADER_MAGIC = Buffer.from('fd377a585a00', 'hex');
const FOOTER_MAGIC = Buffer.from('YZ');
const HEADER_SIZE = 12;

/**
 * Finds the streams from the end, footer by footer (the .xz file format 1.2, sections 2 and 4): the decompressor stops
 * after the first one and would silently leave out the rest.
 */
function xzStreams(source: ByteSource, where: string): XzStream[] {
  const streams: XzStream[] = [];
  const cutOff = new InputError(where, 'is cut off or damaged: its xz data does not end as it should');
  let end = source.size;
  while (end > 0) {
    if (end < 2 * HEADER_SIZE || end % 4 !== 0) throw cutOff;
    const footer = source.read(end - HEADER_SIZE, HEADER_SIZE);
    if (footer.readUInt32LE(8) === 0) {
      end -= 4;
      continue;
    }
    if (!footer.subarray(10).equals(FOOTER_MAGIC)) throw cutOff;
    const indexSize = (footer.readUInt32LE(4) + 1) * 4;
    const indexStart = end - HEADER_SIZE - indexSize;
    if (indexStart < HEADER_SIZE) throw cutOff;
    const blocks = blocksSize(source.read(indexStart, indexSize));
    const start = indexStart - (blocks ?? Number.POSITIVE_INFINITY) - HEADER_SIZE;
    if (!(start >= 0)) throw cutOff;
    const header = source.read(start, HEADER_SIZE);
    if (!header.subarray(0, 6).equals(HEADER_MAGIC)) throw cutOff;
    refuseUnknownCheck(header[7]! & 15, where);
    streams.push({ start, end });
    end = start;
  }
  return streams.reverse();
}

/** xz-embedded checks none, CRC32 and CRC64; the fourth that xz can write is SHA-256 (`--check=sha256`). */
function refuseUnknownCheck(check: number, where: string): void {
  if (check === 0 || check === 1 || check === 4) return;
  throw new InputError(
    where,
    'was compressed by xz with an integrity check that is not supported',
    'compress it again with xz --check=crc64',
  );
}

/** The sum of the blocks' padded sizes that an index lists, or undefined if it is no index. */
function blocksSize(index: Buffer): number | undefined {
  let at = 1;
  const number = (): number => {
    let value = 0;
    for (let factor = 1; at < index.length; factor *= 128) {
      const byte = index[at++]!;
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  if (index[0] !== 0) return undefined;
  const count = number();
  if (!(count <= index.length)) return undefined;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    sum += Math.ceil(number() / 4) * 4;
    number();
  }
  return Number.isSafeInteger(sum) ? sum : undefined;
}
