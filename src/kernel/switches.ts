import { inflateSync } from 'node:zlib';
import type { Elf, ElfSection } from '../elf/index.js';

/** Whether a pass was on, by GCC's switches; `mixed` where objects differ. */
export type PassState = 'on' | 'off' | 'mixed';

/** What objects record of how they were compiled. */
export interface Switches {
  /** `GNU C11 12.2.0`. */
  readonly compiler: string;
  readonly passes: ReadonlyMap<string, PassState>;
}

interface Pass {
  readonly name: string;
  /** The level of optimisation that it is on at (gcc/opts.cc, default_options_table); 0 for one that always is. */
  readonly level: number;
  /** The first GCC that has it. */
  readonly since: number;
}

/**
 * Passes that compile a function by what is known of another one, without a copy; and folding. All are off with
 * -flive-patching=inline-clone (gcc/opts.cc, control_options_for_live_patching).
 */
const PASSES: readonly Pass[] = [
  { name: 'ipa-icf', level: 2, since: 5 },
  { name: 'ipa-ra', level: 2, since: 5 },
  { name: 'ipa-pure-const', level: 1, since: 4 },
  { name: 'ipa-reference', level: 1, since: 4 },
  { name: 'ipa-modref', level: 1, since: 11 },
  { name: 'ipa-vrp', level: 2, since: 7 },
  { name: 'ipa-bit-cp', level: 2, since: 7 },
  { name: 'ipa-stack-alignment', level: 0, since: 9 },
];

const PRODUCER = /^GNU C\S* \d+[^\0]*/;
const PRODUCER_START = Buffer.from('GNU C');
/** SHF_COMPRESSED and ELFCOMPRESS_ZLIB (System V ABI, "Section Compression"). */
const COMPRESSED = 0x800;
const ZLIB = 1;
const LARGEST = 2 ** 28;

/** How GCC says that it compiled a file: DW_AT_producer, or what -frecord-gcc-switches leaves. */
export function producersIn(elf: Elf): string[] {
  const found = new Set<string>();
  for (const name of ['.GCC.command.line', '.debug_str', '.debug_line_str']) {
    const section = elf.section(name);
    const bytes = section && contentsOf(elf, section);
    if (!bytes) continue;
    for (let at = bytes.indexOf(PRODUCER_START); at >= 0; at = bytes.indexOf(PRODUCER_START, at + 1)) {
      if (at > 0 && bytes[at - 1] !== 0) continue;
      const end = bytes.indexOf(0, at);
      const text = PRODUCER.exec(bytes.toString('latin1', at, end < 0 ? bytes.length : end))?.[0];
      if (text !== undefined) found.add(text);
    }
  }
  return [...found];
}

function contentsOf(elf: Elf, section: ElfSection): Buffer | undefined {
  const raw = elf.sectionBytes(section);
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength);
  if ((section.flags & COMPRESSED) === 0) return bytes;
  const header = elf.class === 64 ? 24 : 12;
  if (bytes.length < header) return undefined;
  const type = elf.littleEndian ? bytes.readUInt32LE(0) : bytes.readUInt32BE(0);
  if (type !== ZLIB) return undefined;
  try {
    return inflateSync(bytes.subarray(header), { maxOutputLength: LARGEST });
  } catch {
    return undefined;
  }
}

/** What all of them together say; undefined where there is none. */
export function switchesOf(producers: readonly string[]): Switches | undefined {
  const [first] = producers;
  if (first === undefined) return undefined;
  const passes = new Map<string, PassState>();
  for (const pass of PASSES) {
    const states = new Set(producers.map((producer) => isOn(pass, producer)));
    passes.set(pass.name, states.size > 1 ? 'mixed' : states.has(true) ? 'on' : 'off');
  }
  return { compiler: first.split(' ').slice(0, 3).join(' '), passes };
}

function isOn({ name, level, since }: Pass, producer: string): boolean {
  const words = producer.split(/\s+/);
  const version = Number.parseInt(words[2] ?? '', 10);
  if (version < since) return false;
  const said = words.findLast((word) => word === `-f${name}` || word === `-fno-${name}`);
  if (said !== undefined) return said === `-f${name}`;
  if (words.some((word) => word.startsWith('-flive-patching'))) return false;
  return levelOf(words) >= level;
}

/** -Os and -Oz are like -O2 for these, -Og like -O1 (gcc/opts.cc, maybe_default_option). */
function levelOf(words: readonly string[]): number {
  const said = words.findLast((word) => /^-O(?:\d+|s|z|g|fast)?$/.test(word))?.slice(2);
  if (said === undefined) return 0;
  if (said === '' || said === 'g') return 1;
  return said === 's' || said === 'z' || said === 'fast' ? 2 : Number(said);
}
