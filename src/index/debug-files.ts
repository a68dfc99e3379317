import { statSync } from 'node:fs';
import { type Elf, ET_REL, openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import { readMaybeCompressed } from '../input/decompress.js';
import {
  debugLinkOf,
  debugPlaces,
  isDebugAlone,
  isStripped,
  misfit,
  withGroupsOf,
  withSymbolsOf,
} from '../kernel/debug-file.js';
import { buildIdOf } from '../kernel/elf-facts.js';
import { type Image, imageOf } from '../symbols/image.js';
import { checksum } from './checksum.js';
import type { ImageFile } from './image-files.js';

/** An image, with what its debug file tells where it is stripped itself. */
export interface CompletedImage {
  readonly elf: Elf;
  readonly image: Image;
}

/** A debug file that lies where an image's should, and is another build's. */
export interface ForeignDebugFile {
  readonly file: string;
  readonly image: string;
  readonly what: string;
}

interface DebugFile {
  readonly path: string;
  readonly bytes: () => Promise<Buffer>;
  readonly crc?: number;
}

/** Finds the debug files of stripped images: among the files of the build, and on the disk beside those that are there. */
export class DebugFiles {
  readonly #known: ReadonlyMap<string, ImageFile>;
  readonly foreign: ForeignDebugFile[] = [];

  constructor(files: readonly ImageFile[]) {
    const debug = files.filter(({ role }) => role === 'debug');
    this.#known = new Map(debug.map((file) => [placeOf(file), file]));
  }

  /** @throws InputError where the image has no symbols, and no debug file of it is there */
  async complete(file: ImageFile, bytes: Buffer): Promise<CompletedImage> {
    const elf = openElf(bytes, file.path);
    if (isDebugAlone(elf)) {
      throw new InputError(
        file.path,
        'holds debug information alone, and no code',
        'give the file that it was split off too',
      );
    }
    if (!isStripped(elf)) return { elf, image: imageOf(elf) };
    const debug = await this.#debugOf(file, elf);
    if (!debug) return { elf, image: imageOf(elf) };
    if (elf.type === ET_REL) return { elf, image: withGroupsOf(imageOf(elf), imageOf(debug)) };
    const whole = withSymbolsOf(elf, debug);
    return { elf: whole, image: imageOf(whole) };
  }

  async #debugOf(file: ImageFile, elf: Elf): Promise<Elf | undefined> {
    const own = { buildId: buildIdOf(elf), link: debugLinkOf(elf) };
    for (const place of debugPlaces(placeOf(file), own.link, own.buildId)) {
      const candidate = this.#known.get(place) ?? (file.archived ? undefined : onDisk(place));
      if (candidate === undefined) continue;
      const bytes = await candidate.bytes();
      const debug = openElf(bytes, candidate.path);
      const crc = () => candidate.crc ?? checksum(bytes);
      const what = misfit(own, { buildId: buildIdOf(debug), crc });
      if (what === undefined) return debug;
      this.foreign.push({ file: candidate.path, image: file.path, what });
    }
    return undefined;
  }
}

function placeOf({ archived, name, path }: ImageFile): string {
  return archived ? name : path;
}

function onDisk(place: string): DebugFile | undefined {
  try {
    if (!statSync(place, { throwIfNoEntry: false })?.isFile()) return undefined;
  } catch (error) {
    if (error instanceof InputError) throw error;
    return undefined;
  }
  return { path: place, bytes: () => readMaybeCompressed(place) };
}
