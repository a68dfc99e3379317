import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Elf, ET_REL, openElf } from '../elf/index.js';
import { InputError } from '../errors.js';
import { DisassemblyParser, type DisassemblySink } from './disassembly.js';
import type { CallFacts } from './facts.js';
import { type InstructionSet, instructionSetOf } from './instruction-set.js';
import { MachineCalls } from './machine-calls.js';

export interface ObjdumpOptions {
  /** The program to run; unless given, `objdump`, or for another architecture than this machine's the cross one. */
  readonly objdump?: string;
}

/** process.arch in binutils' words. */
const HOSTS: Readonly<Record<string, string>> = {
  x64: 'x86_64',
  arm64: 'aarch64',
  ppc64: 'powerpc64le',
  s390x: 's390x',
};
/** More of what objdump complains about tells nobody anything. */
const MAX_COMPLAINT = 4096;

/**
 * The calls that an object's machine code makes, of x86_64, arm64, ppc64le and s390x.
 *
 * Runs objdump and reads its output as it comes, so that memory is bounded by the object's symbols and calls. Several
 * may run at once (measured on 3,117 objects, two cores, two at once: 15 to 22 s, 98 MB).
 *
 * @param file an ET_REL file
 * @throws InputError where it is none, its architecture is not one of these, or objdump cannot be run or cannot read it
 */
export async function readObjectCalls(file: string, options: ObjdumpOptions = {}): Promise<CallFacts> {
  const elf = openElf(await readBytes(file), file);
  if (elf.type !== ET_REL) {
    throw new InputError(file, 'is a linked image, not an object', 'give the objects it was linked from');
  }
  const set = instructionSetOf(elf.machine);
  if (set === undefined) {
    throw new InputError(
      file,
      `is for a machine whose calls cannot be read (e_machine ${elf.machine})`,
      'compile with -fcallgraph-info, whose .ci files are read for every machine',
    );
  }
  const calls = new MachineCalls(elf, set);
  const program = options.objdump ?? objdumpFor(set);
  await disassemble(program, file, set, new DisassemblyParser(set, calls));
  if (calls.sectionsMissing !== 0) {
    throw new InputError(
      file,
      `${program} left ${calls.sectionsMissing} sections of code out`,
      `is it the objdump of GNU binutils, and for ${set.name}? Give the right one with --objdump PATH`,
    );
  }
  return calls.finish();
}

/** Disassembles a file that is open, from a copy of it: it may come from an archive, or compressed. */
export async function disassembleObject(
  elf: Elf,
  set: InstructionSet,
  sink: DisassemblySink,
  objdump = objdumpFor(set),
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'klp-reach-'));
  try {
    const copy = join(folder, 'object.o');
    await writeFile(copy, elf.bytes);
    await disassemble(objdump, copy, set, new DisassemblyParser(set, sink));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readBytes(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new InputError(file, `cannot be read (${codeOf(error)})`, 'check the file');
  }
}

/** The objdump for a machine: this one's own, or the cross one. */
export function objdumpFor(set: InstructionSet): string {
  return isHost(set) ? 'objdump' : `${set.target}-linux-gnu-objdump`;
}

/** Every objdump for x86_64 reads i386 too. */
function isHost({ target }: InstructionSet): boolean {
  const host = HOSTS[process.arch];
  return host === target || (host === 'x86_64' && target === 'i686');
}

async function disassemble(
  program: string,
  file: string,
  set: InstructionSet,
  parser: DisassemblyParser,
): Promise<void> {
  const child = spawn(program, ['-d', '-r', '--no-show-raw-insn', resolve(file)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // objdump's headings are translated.
    env: { ...process.env, LC_ALL: 'C' },
  });
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (complaint.length < MAX_COMPLAINT) complaint += text;
  });
  const closed = new Promise<number | string>((done, failed) => {
    child.once('error', failed);
    child.once('close', (code, signal) => done(code ?? signal ?? 'unknown'));
  });
  closed.catch(() => {}); // It may fail before it is awaited below.
  try {
    for await (const chunk of child.stdout.setEncoding('utf8')) parser.push(chunk as string);
    parser.end();
  } catch (error) {
    child.kill();
    throw error;
  }
  let status: number | string;
  try {
    status = await closed;
  } catch (error) {
    throw new InputError(
      program,
      `cannot be run (${codeOf(error)})`,
      `install binutils for ${set.name} (Debian: ${packageOf(set)}), or give another objdump with --objdump PATH`,
    );
  }
  if (status !== 0) {
    const said = complaint.trim().split('\n')[0]!.trim();
    throw new InputError(
      file,
      `cannot be disassembled: ${said === '' ? `${program} ended with ${status}` : said}`,
      `an objdump for ${set.name} is in Debian's ${packageOf(set)}; give it with --objdump PATH`,
    );
  }
}

function packageOf(set: InstructionSet): string {
  return isHost(set) ? 'binutils' : `binutils-${set.target.replace('_', '-')}-linux-gnu`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
