import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Elf, ET_REL } from '../elf/index.js';
import { InputError } from '../errors.js';
import { readMaybeCompressed } from '../input/decompress.js';
import type { Entry } from '../input/inputs.js';
import type { InputWarning } from '../input/names.js';
import { classify, type Role } from '../input/roles.js';
import { walk } from '../input/walk.js';
import { type ForeignImage, IdentityReader, type KernelIdentity } from '../kernel/identity.js';
import type { Image } from '../symbols/image.js';
import {
  type AddressTable,
  type ExportedSymbol,
  parseKlpSymbols,
  parseModuleObjects,
  parseModuleSymvers,
  parseModulesOrder,
  parseSystemMap,
} from '../symbols/text-tables.js';
import { DebugFiles, type ForeignDebugFile } from './debug-files.js';

/** Where the linked images and the tables that stand in for them are, if not in the build directory. */
export interface ImageOptions {
  readonly vmlinux?: string;
  /** Folders or files. */
  readonly modules?: readonly string[];
  readonly systemMap?: string;
  readonly symvers?: string;
  readonly symbolsKlp?: string;
}

/** A file of images, opened when it is needed. */
export interface ImageFile {
  readonly role: Extract<
    Role,
    | 'vmlinux'
    | 'module'
    | 'modlist'
    | 'modorder'
    | 'systemmap'
    | 'symvers'
    | 'symbolsklp'
    | 'config'
    | 'release'
    | 'debug'
  >;
  readonly name: string;
  readonly path: string;
  readonly stamp: string;
  /** Whether it is a member of an archive: `name` is its name there. */
  readonly archived?: boolean;
  /** Of a debug file of an archive, of which less is kept: CRC-32 of its contents. */
  readonly crc?: number;
  /** Whether somebody asked for this file: it is no use to go on without it. */
  readonly isNamed?: boolean;
  /** The contents, decompressed. */
  readonly bytes: () => Promise<Buffer>;
}

const ROLES: ReadonlySet<Role> = new Set([
  'vmlinux',
  'module',
  'modlist',
  'modorder',
  'systemmap',
  'symvers',
  'symbolsklp',
  'config',
  'release',
  'debug',
]);

export function isImageRole(role: Role): role is ImageFile['role'] {
  return ROLES.has(role);
}

/** The files that were named, and those of the build directory for what was not. */
export function findImageFiles(
  entries: readonly Entry[],
  options: ImageOptions,
): { files: ImageFile[]; warnings: InputWarning[] } {
  const warnings: InputWarning[] = [];
  const named: ImageFile[] = [];
  const one = (role: ImageFile['role'], path: string | undefined) => {
    if (path !== undefined) named.push(fileAt(role, path));
  };
  one('vmlinux', options.vmlinux);
  one('systemmap', options.systemMap);
  one('symvers', options.symvers);
  one('symbolsklp', options.symbolsKlp);
  for (const path of options.modules ?? []) {
    if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
      one('module', path);
      continue;
    }
    const found = walk(path);
    warnings.push(...found.warnings);
    const modules = found.files.filter(({ name }) => classify(name) === 'module');
    if (modules.length === 0)
      throw new InputError(path, 'holds no modules (*.ko)', 'name a folder that does');
    for (const module of modules) named.push(fileAt('module', module.path));
  }
  const given = new Set(named.map(({ role }) => role));
  const found = entries.flatMap((entry) =>
    isImageRole(entry.role) && !given.has(entry.role)
      ? [
          {
            role: entry.role,
            name: entry.name,
            path: entry.path,
            stamp: `${entry.size}-${entry.mtimeNs}`,
            bytes: () => readMaybeCompressed(entry.path),
          },
        ]
      : [],
  );
  return { files: [...named, ...found], warnings };
}

function fileAt(role: ImageFile['role'], path: string): ImageFile {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (!stat?.isFile()) throw new InputError(path, 'there is no such file', 'check the path');
  const bytes =
    role === 'vmlinux' || role === 'module'
      ? () => readMaybeCompressed(path)
      : async () => readFileSync(path);
  const stamp = `${stat.size}-${stat.mtimeNs}`;
  return { role, name: path, path: resolve(path), stamp, isNamed: true, bytes };
}

/** A module's name as the kernel has it: `fs/nfs/nfs-layout.ko.xz` is `nfs_layout`. */
export function moduleName(path: string): string {
  return path
    .slice(path.lastIndexOf('/') + 1)
    .replace(/\.(ko|mod|o)(\.(gz|xz|zst))?$/, '')
    .replaceAll('-', '_');
}

/** What is known of one object: its ELF symbols, or what a table says of them. */
export type ObjectSymbols = { readonly name: string; readonly path: string; readonly stamp: string } & (
  | { readonly source: 'elf'; readonly elf: Elf; readonly image: Image }
  | { readonly source: 'system-map'; readonly table: AddressTable }
  | { readonly source: 'symbols-klp'; readonly names: readonly string[] }
);

/** Everything that the files say about linked objects. */
export interface LoadedImages {
  readonly objects: readonly ObjectSymbols[];
  /** Object file, relative to the build's root -> the modules that it is linked into, nearly always one. */
  readonly modulesOf: ReadonlyMap<string, readonly string[]>;
  /** The modules that were built, by modules.order. */
  readonly order: ReadonlySet<string>;
  readonly exports: readonly ExportedSymbol[];
  readonly kernel: KernelIdentity;
  /** Linked objects of another kernel than the others. */
  readonly foreign: readonly ForeignImage[];
  readonly foreignDebug: readonly ForeignDebugFile[];
  readonly warnings: readonly { readonly where: string; readonly what: string }[];
}

/** Reads the files; a damaged image is a warning, and a table stands in for an object only where no ELF file does. */
export async function loadImages(files: readonly ImageFile[]): Promise<LoadedImages> {
  const objects = new Map<string, ObjectSymbols>();
  const modulesOf = new Map<string, string[]>();
  const order = new Set<string>();
  const exports: ExportedSymbol[] = [];
  const warnings: { where: string; what: string }[] = [];
  const identity = new IdentityReader();
  const debug = new DebugFiles(files);
  refuseSeveralKernels(files);
  for (const file of withWholeDebugImage(files).sort((a, b) => rank(a) - rank(b))) {
    const { name, path, stamp, role } = file;
    if (role === 'debug') continue;
    try {
      const bytes = await file.bytes();
      if (role === 'vmlinux' || role === 'module') {
        const object = role === 'vmlinux' ? 'vmlinux' : moduleName(name);
        if (!objects.has(object)) {
          const { elf, image } = await debug.complete(file, bytes);
          if (role === 'vmlinux' && elf.type === ET_REL) {
            throw new InputError(
              path,
              'is an object or a module, not a linked kernel',
              "give the kernel's vmlinux",
            );
          }
          if (role === 'vmlinux') identity.takeVmlinux(elf);
          else identity.takeModule(elf);
          objects.set(object, { name: object, path, stamp, source: 'elf', elf, image });
        }
      } else if (role === 'modlist') {
        for (const object of parseModuleObjects(bytes, path).objects) {
          modulesOf.set(object, [...new Set(modulesOf.get(object)).add(moduleName(name))]);
        }
      } else if (role === 'modorder') {
        for (const module of parseModulesOrder(bytes, path)) order.add(moduleName(module));
      } else if (role === 'symvers') {
        exports.push(...parseModuleSymvers(bytes, path));
      } else if (role === 'config') {
        identity.takeConfig(bytes.toString('utf8'), path);
      } else if (role === 'release') {
        identity.takeRelease(bytes.toString('utf8'));
      } else if (role === 'systemmap') {
        if (!objects.has('vmlinux')) {
          const table = parseSystemMap(bytes, path);
          objects.set('vmlinux', { name: 'vmlinux', path, stamp, source: 'system-map', table });
        }
      } else {
        for (const [object, names] of parseKlpSymbols(bytes, path)) {
          if (!objects.has(object))
            objects.set(object, { name: object, path, stamp, source: 'symbols-klp', names });
        }
      }
    } catch (error) {
      if (!(error instanceof InputError) || file.isNamed) throw error;
      warnings.push({ where: error.where, what: `${error.what}: what it would say is unknown` });
    }
  }
  const kernel = identity.identity();
  return {
    objects: [...objects.values()],
    modulesOf,
    order,
    exports,
    kernel,
    foreign: identity.foreign(),
    foreignDebug: debug.foreign,
    warnings,
  };
}

/** Below /boot or in the folder of a tool there may be one kernel a version: nothing tells which of them is the build. */
function refuseSeveralKernels(files: readonly ImageFile[]): void {
  const versions = files.flatMap(({ role, name }) => {
    const version = /(?:^|\/)vmlinux-([^/]*?)(?:\.(?:gz|xz|zst|bz2))?$/.exec(name)?.[1];
    return role === 'vmlinux' && version !== undefined ? [{ version, name }] : [];
  });
  const [first] = versions;
  const other = versions.find(({ version }) => version !== first!.version);
  if (!first || !other) return;
  throw new InputError(
    '',
    `the input holds several kernels: ${first.name} and ${other.name}`,
    'name the one of the build with --vmlinux, and its modules with --modules',
  );
}

/** Fedora and Debian install no vmlinux but the one with debug information, which is whole. */
function withWholeDebugImage(files: readonly ImageFile[]): ImageFile[] {
  if (files.some(({ role }) => role === 'vmlinux')) return [...files];
  return files.map((file) =>
    file.role === 'debug' && /(?:^|\/)vmlinux[^/]*$/.test(file.name) ? { ...file, role: 'vmlinux' } : file,
  );
}

/** The better source first; of one kind, what is nearer to the build's root. */
function rank({ role, name }: ImageFile): number {
  return RANKS.indexOf(role) * DEEPEST + Math.min(name.split('/').length, DEEPEST - 1);
}

const RANKS: readonly ImageFile['role'][] = [
  'vmlinux',
  'module',
  'modlist',
  'modorder',
  'symvers',
  'systemmap',
  'symbolsklp',
  'config',
  'release',
  'debug',
];
const DEEPEST = 1000;
