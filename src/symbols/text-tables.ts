/**
 * The text files that name symbols: System.map, /proc/kallsyms, Module.symvers, Kbuild's *.mod, and symbols.klp. Each
 * parser takes the file's bytes and its name, and refuses a line that it does not understand, or a last line that does
 * not end: half a table would look like a whole one.
 */
import { InputError } from '../errors.js';

/** System.map or /proc/kallsyms, in the file's order. */
export interface AddressTable {
  readonly file: string;
  readonly names: readonly string[];
  readonly address: BigUint64Array;
  /** The character code of nm's letter: T, t, D, ... */
  readonly type: Uint8Array;
  /** Index in `modules`. */
  readonly module: Uint32Array;
  /** `vmlinux` first, then the names in the brackets of /proc/kallsyms: modules, and the kernel's own `bpf`, `ftrace`. */
  readonly modules: readonly string[];
  /** Every address is 0: the kernel hid them (kernel.kptr_restrict). The order is still that of the addresses. */
  readonly hidden: boolean;
}

/** One export of Module.symvers. */
export interface ExportedSymbol {
  readonly name: string;
  /** The CRC as it is written; 0x00000000 without CONFIG_MODVERSIONS. */
  readonly crc: string;
  /** `vmlinux`, or a module's path without suffix: `fs/btrfs/btrfs`. */
  readonly object: string;
  /** EXPORT_SYMBOL, EXPORT_SYMBOL_GPL, ... */
  readonly kind: string;
  /** '' for none. */
  readonly namespace: string;
}

/** A `*.mod` file: what a module is linked from. */
export interface ModuleObjects {
  /** Paths of the objects, from the build directory. */
  readonly objects: readonly string[];
  /** The undefined symbols on the second line of Linux 5.3 to 5.18 with CONFIG_TRIM_UNUSED_KSYMS. */
  readonly undefinedSymbols: readonly string[];
}

/** symbols.klp: by object (`vmlinux`, or a module's name) all symbol names, a name once for each symbol that has it. */
export type KlpSymbols = ReadonlyMap<string, readonly string[]>;

const ADDRESS_LINE = /^([0-9a-fA-F]{1,16}) (\S) (\S+)(?:[\t ]+\[([^\]\s]+)\])?$/;

/** Lines `ADDRESS TYPE NAME`, as System.map has them. */
export function parseSystemMap(bytes: Uint8Array, file: string): AddressTable {
  return parseAddresses(bytes, file, false);
}

/** Lines `ADDRESS TYPE NAME`, with a tab and `[MODULE]` behind the symbols of modules. */
export function parseKallsyms(bytes: Uint8Array, file: string): AddressTable {
  return parseAddresses(bytes, file, true);
}

function parseAddresses(bytes: Uint8Array, file: string, withModules: boolean): AddressTable {
  const lines = splitLines(bytes, file);
  const names: string[] = [];
  const address = new BigUint64Array(lines.length);
  const type = new Uint8Array(lines.length);
  const module = new Uint32Array(lines.length);
  const modules = new Map<string, number>([['vmlinux', 0]]);
  let hidden = lines.length > 0;
  for (let i = 0; i < lines.length; i++) {
    const match = ADDRESS_LINE.exec(lines[i]!);
    if (match === null || (match[4] !== undefined && !withModules)) {
      const form = withModules ? 'ADDRESS TYPE NAME [MODULE]' : 'ADDRESS TYPE NAME';
      throw malformed(file, i, lines[i]!, form);
    }
    const digits = match[1]!;
    const high = digits.length > 8 ? Number.parseInt(digits.slice(0, -8), 16) : 0;
    const low = Number.parseInt(digits.slice(-8), 16);
    address[i] = (BigInt(high) << 32n) | BigInt(low);
    if (high !== 0 || low !== 0) hidden = false;
    type[i] = match[2]!.charCodeAt(0);
    names.push(match[3]!);
    if (match[4] !== undefined) {
      const number = modules.get(match[4]) ?? modules.size;
      modules.set(match[4], number);
      module[i] = number;
    }
  }
  return { file, names, address, type, module, modules: [...modules.keys()], hidden };
}

/**
 * Lines of tab-separated CRC, NAME, OBJECT, KIND and NAMESPACE. The namespace is missing before Linux 5.4, and 5.4 and
 * 5.5 wrote it behind the name.
 */
export function parseModuleSymvers(bytes: Uint8Array, file: string): readonly ExportedSymbol[] {
  // Nothing is exported: right for a directory of modules outside of the kernel tree.
  if (bytes.length === 0) return [];
  return splitLines(bytes, file).map((line, i) => {
    const [crc = '', name = '', third = '', fourth = '', fifth = '', ...rest] = line.split('\t');
    const last = fourth.startsWith('EXPORT_');
    const [object, kind, namespace] = last ? [third, fourth, fifth] : [fourth, fifth, third];
    if (
      !/^0x[0-9a-fA-F]+$/.test(crc) ||
      !/^\S+$/.test(name) ||
      !/^\S+$/.test(object) ||
      !/^EXPORT_\w+$/.test(kind) ||
      rest.length > 0
    ) {
      throw malformed(file, i, line, 'CRC NAME OBJECT KIND NAMESPACE, separated by tabs');
    }
    return { crc, name, object, kind, namespace };
  });
}

/**
 * One object a line (since 5.19), or all on one line, separated by blanks, perhaps with a line of undefined symbols
 * behind. Before 5.3, in .tmp_versions/, a line with the module's own path (`*.ko`) came first.
 */
export function parseModuleObjects(bytes: Uint8Array, file: string): ModuleObjects {
  const objects: string[] = [];
  const undefinedSymbols: string[] = [];
  let objectLines = 0;
  const lines = splitLines(bytes, file);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const words = line.split(' ').filter((word) => word !== '');
    if (words.length === 0) continue;
    if (words.every(isObject)) {
      if (undefinedSymbols.length > 0) throw malformed(file, i, line, 'nothing behind the undefined symbols');
      for (const word of words) objects.push(word);
      objectLines++;
    } else if (i === 0 && words.length === 1 && words[0]!.endsWith('.ko')) {
      // The module's own path.
    } else if (objectLines === 1 && undefinedSymbols.length === 0 && words.every(isIdentifier)) {
      for (const word of words) undefinedSymbols.push(word);
    } else {
      throw malformed(file, i, line, 'the objects of a module (*.o)');
    }
  }
  if (objects.length === 0) throw new InputError(file, 'names no objects', 'is it a module list of Kbuild?');
  return { objects, undefinedSymbols };
}

const isObject = (word: string) => word.endsWith('.o') && word.length > 2;
const isIdentifier = (word: string) => /^[\w.$]+$/.test(word) && !word.endsWith('.o');

/** modules.order: the modules that Kbuild made, a path a line (`fs/nfs/nfs.ko`, since 6.4 `fs/nfs/nfs.o`). */
export function parseModulesOrder(bytes: Uint8Array, file: string): string[] {
  return splitLines(bytes, file).flatMap((line, i) => {
    const path = line.trim();
    if (path === '') return [];
    if (!/\.k?o$/.test(path)) throw malformed(file, i, line, 'the path of a module (*.ko)');
    return [path];
  });
}

const KLP_SYMBOLS_FORMAT = 'klp-convert-symbol-data.0.1';

/** Whether a file is a symbols.klp, by its first line. */
export function isKlpSymbols(bytes: Uint8Array): boolean {
  const start = Buffer.from(
    bytes.buffer,
    bytes.byteOffset,
    Math.min(bytes.length, KLP_SYMBOLS_FORMAT.length),
  );
  return start.toString('latin1') === KLP_SYMBOLS_FORMAT;
}

/** The list that full klp-convert looks symbols up in: `*OBJECT` lines, each followed by the object's symbol names. */
export function parseKlpSymbols(bytes: Uint8Array, file: string): KlpSymbols {
  const lines = splitLines(bytes, file);
  if (lines[0] !== KLP_SYMBOLS_FORMAT) {
    throw new InputError(
      `${file}:1`,
      `does not begin with \`${KLP_SYMBOLS_FORMAT}\``,
      'is it a symbols.klp?',
    );
  }
  const objects = new Map<string, string[]>();
  let names: string[] | undefined;
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i]!;
    if (/^\*\S+$/.test(line)) {
      const object = line.slice(1);
      if (objects.has(object)) {
        throw new InputError(`${file}:${i + 1}`, `lists \`${object}\` a second time`, 'make it again');
      }
      names = [];
      objects.set(object, names);
    } else if (names !== undefined && line !== '' && !/[\s*]/.test(line)) {
      names.push(line);
    } else {
      throw malformed(file, i, line, names === undefined ? '*OBJECT' : '*OBJECT or a symbol name');
    }
  }
  return objects;
}

/** The file's lines without their ends. */
function splitLines(bytes: Uint8Array, file: string): string[] {
  if (bytes.length === 0) throw new InputError(file, 'is empty', 'was it written to its end?');
  const lines = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8').split('\n');
  if (lines.pop() !== '') {
    throw new InputError(`${file}:${lines.length + 1}`, 'the last line does not end', 'the file is cut off');
  }
  return lines;
}

function malformed(file: string, index: number, line: string, form: string): InputError {
  const shown = line.length > 80 ? `${line.slice(0, 80)}...` : line;
  return new InputError(`${file}:${index + 1}`, `cannot read \`${shown}\``, `the line should be ${form}`);
}
