import { constants } from 'node:buffer';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { extract } from 'tar-stream';
import { InputError } from '../errors.js';
import { type ByteSource, headOf, slices, withFile } from './bytes.js';
import { decompressedChunks, inflated, maybeDecompress, mostFrom } from './decompress.js';
import { compressionOf, HEAD_SIZE, isTar, isZeroBlock } from './magic.js';
import { type InputWarning, reasonOf } from './names.js';
import { packageChunks, packageKind } from './package.js';
import { classify, type Role } from './roles.js';

/** A file in an archive that has a role. */
export interface Member {
  /** As in the archive, without a leading `./`. Nothing is ever written under it: it may be absolute or hold `..`. */
  readonly name: string;
  readonly role: Role;
  /** Bytes in the archive; `bytes` is longer where the member itself was compressed (`.ko.xz`). */
  readonly size: number;
  /** Nanoseconds since 1970; tar keeps whole seconds. */
  readonly mtimeNs: bigint;
  /** The contents, decompressed. */
  readonly bytes: Buffer;
}

export interface ArchiveSummary {
  /** How many members were handed out. */
  readonly members: number;
  /** Members with a role that were left out: links, whose target may lie anywhere. */
  readonly warnings: readonly InputWarning[];
}

/**
 * Hands out every member with a role, in the archive's order, one at a time: the next is read after `onMember` is
 * done. The archive is a tar, as it is or compressed by gzip, xz, zstd or bzip2, or an rpm
 * or deb package, told by its contents.
 *
 * @throws InputError if the archive is none, cut off or damaged (naming the member that was being read), holds a name
 *   twice or a sparse member; what `onMember` throws comes through unchanged
 */
export function readArchive(
  path: string,
  onMember: (member: Member) => void | Promise<void>,
): Promise<ArchiveSummary> {
  return withFile(path, (source) => new ArchiveReader(path, onMember).run(source));
}

/** A member's header as tar-stream gives it; its own declaration leaves out what follows `mtime`. */
interface TarHeader {
  readonly name: string;
  readonly type: string | null;
  readonly linkname: string | null;
  readonly size: number;
  readonly mtime: Date;
  readonly byteOffset: number;
  readonly pax: Readonly<Record<string, string>> | null;
}

type OnEntry = (header: TarHeader, stream: NodeJS.ReadableStream, next: (error?: unknown) => void) => void;

class ArchiveReader {
  private readonly names = new Set<string>();
  private readonly warnings: InputWarning[] = [];
  /** The member being read, or the last one that was. */
  private member = '';
  /** What went wrong in a member: it must not be taken for the archive's fault. */
  private failure: { readonly error: unknown } | undefined;
  private total = 0;
  /** As it is stored, in bytes. */
  private size = 0;
  /** Where the last member, padded to whole blocks, ends. */
  private membersEnd = 0;

  constructor(
    private readonly path: string,
    private readonly onMember: (member: Member) => void | Promise<void>,
  ) {}

  async run(source: ByteSource): Promise<ArchiveSummary> {
    this.size = source.size;
    // Archives older than POSIX have no magic that tar-stream knows; its declarations do not know the option.
    const options: object = { allowUnknownFormat: true };
    const tar = extract(options);
    const onEntry: OnEntry = (header, stream, next) => {
      // A member's stream repeats the archive's error, which nobody listens to after the member is done with.
      stream.on('error', () => {});
      this.take(header, stream).then(
        () => next(),
        (error: unknown) => {
          this.failure ??= { error };
          next(error);
        },
      );
    };
    tar.on('entry', onEntry as never);
    const chunks = Readable.from(this.counted(tarChunks(source, this.path)), { objectMode: false });
    try {
      await pipeline(chunks, tar as unknown as NodeJS.WritableStream);
    } catch (error) {
      throw this.failure === undefined ? this.blame(error) : this.failure.error;
    }
    // Every tar ends in a block of zeros at least; cut off between two members it would look whole.
    if (this.total < this.membersEnd + 512) {
      throw new InputError(
        this.path,
        `is cut off: no end mark follows ${this.at()}`,
        'make the archive again',
      );
    }
    return { members: this.names.size, warnings: this.warnings };
  }

  private async *counted(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      this.total += chunk.length;
      yield chunk;
    }
  }

  private async take(header: TarHeader, stream: NodeJS.ReadableStream): Promise<void> {
    const name = header.name.replace(/^(?:\.\/+)+/, '');
    const { size } = header;
    this.member = name;
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new InputError(this.path, `is damaged: member ${name} has no valid size`);
    }
    this.membersEnd = header.byteOffset + Math.ceil(size / 512) * 512;
    const role = this.roleOf(header, name);
    if (role !== undefined) this.refuse(name, size);

    const parts: Uint8Array[] = [];
    try {
      for await (const chunk of stream) if (role !== undefined) parts.push(chunk as Buffer);
    } catch {
      return; // The archive ended or broke inside this member: the pipeline reports why.
    }
    if (role === undefined) return;
    const raw = Buffer.concat(parts);
    // A broken pipeline can also end the member's stream as if nothing were missing.
    if (raw.length !== size) return;
    await this.onMember({
      name,
      role,
      size,
      mtimeNs: stampOf(header.mtime),
      bytes: isCompressible(role) ? await maybeDecompress(raw, `${this.path}: ${name}`) : raw,
    });
  }

  private roleOf(header: TarHeader, name: string): Role | undefined {
    const role = classify(name);
    if (role === undefined) return undefined;
    const { type } = header;
    if (type === 'file' || type === 'contiguous-file') {
      if (!Object.keys(header.pax ?? {}).some((key) => key.startsWith('GNU.sparse.'))) return role;
    } else if (type !== null) {
      if (type === 'link' || type === 'symlink') {
        this.warnings.push({
          where: `${this.path}: ${name}`,
          what: `this ${type === 'link' ? 'hard' : 'symbolic'} link to ${header.linkname ?? '?'} was left out`,
        });
      }
      return undefined;
    }
    throw new InputError(
      this.path,
      `member ${name} is stored in a form that is not supported (sparse?)`,
      'make the archive again without --sparse',
    );
  }

  private refuse(name: string, size: number): void {
    if (size > constants.MAX_LENGTH) {
      throw new InputError(this.path, `member ${name} claims ${size} bytes, more than can be read`);
    }
    if (size > mostFrom(this.size)) throw inflated(`${this.path}: ${name}`);
    // To tar the later one counts; it was too late for the one that has been handed out.
    if (this.names.has(name)) {
      throw new InputError(
        this.path,
        `holds ${name} twice`,
        'unpack it, and give the directory instead of the archive',
      );
    }
    this.names.add(name);
  }

  private blame(error: unknown): InputError {
    if (error instanceof InputError && this.total === 0) return error;
    if (error instanceof InputError)
      return new InputError(error.where, `${error.what} (${this.at()})`, error.advice);
    const message = reasonOf(error);
    if (message === 'Unexpected end of data') {
      return new InputError(this.path, `is cut off (${this.at()})`, 'make the archive again');
    }
    return new InputError(this.path, `is damaged (${this.at()}): ${message}`);
  }

  private at(): string {
    return this.member === '' ? 'the first member' : `member ${this.member}`;
  }
}

/** The archive's bytes without compression; an InputError if what comes is no tar. */
async function* tarChunks(source: ByteSource, path: string): AsyncGenerator<Uint8Array> {
  const head = headOf(source, HEAD_SIZE);
  const kind = packageKind(head);
  if (kind !== undefined) {
    yield* tarOf(packageChunks(kind, path), path, `a package (${kind})`);
    return;
  }
  const compression = compressionOf(head);
  if (compression === undefined) {
    if (!isTar(head) && !isZeroBlock(head)) throw new InputError(path, 'is no tar archive');
    yield* slices(source);
    return;
  }
  yield* tarOf(decompressedChunks(source, compression, path), path, `${compression} data`);
}

/** What comes, if its beginning is that of a tar; of a package it may be compressed. */
async function* tarOf(
  chunks: AsyncIterable<Uint8Array>,
  path: string,
  what: string,
): AsyncGenerator<Uint8Array> {
  let first: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (first === undefined) {
      yield chunk;
      continue;
    }
    first = Buffer.concat([first, chunk]);
    if (first.length < HEAD_SIZE) continue;
    if (!isTar(first) && !isZeroBlock(first)) break;
    yield first;
    first = undefined;
  }
  if (first === undefined) return;
  throw new InputError(path, `is ${what}, but what it holds is no tar archive`);
}

/** Kernels install modules compressed, and may compress vmlinux; dumps take a twentieth. Nobody compresses an object. */
function isCompressible(role: Role): boolean {
  return role === 'module' || role === 'vmlinux' || role === 'debug' || role === 'dump' || role === 'symvers';
}

function stampOf(mtime: Date): bigint {
  const milliseconds = mtime.getTime();
  return Number.isFinite(milliseconds) ? BigInt(Math.trunc(milliseconds)) * 1_000_000n : 0n;
}
