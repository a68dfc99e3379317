import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Build } from './compilers.js';
import type { Program } from './program.js';

/** What the compiler wrote for one unit. */
export interface CompiledUnit {
  /** The source's name. */
  readonly unit: string;
  readonly object: Uint8Array;
  /** `-fdump-ipa-clones` */
  readonly dump: string;
  /** `-fcallgraph-info` */
  readonly calls: string;
  /** What identical code folding says of itself in `-fdump-ipa-icf-optimized`, without the code that it also prints. */
  readonly folding: string;
}

const ALWAYS = ['-std=gnu11', '-w', '-fno-pie', '-fno-strict-aliasing'];
const OUTPUTS = ['-fdump-ipa-clones', '-fcallgraph-info', '-fdump-ipa-icf-optimized'];
const FOLDING = /: optimized: |^Unified; /;
const run = promisify(execFile);

/** Compiles the program's units, as a build leaves them in `directory`, which holds nothing else then. */
export async function compile(program: Program, build: Build, directory: string): Promise<CompiledUnit[]> {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(program.files)) writeFileSync(join(directory, name), text);
  const units: CompiledUnit[] = [];
  for (const unit of program.units) {
    const object = unit.replace(/c$/, 'o');
    const flags = [...ALWAYS, ...build.flags, ...build.compiler.tracing, ...OUTPUTS];
    await run(build.compiler.command, [...flags, '-c', unit, '-o', object], { cwd: directory });
    units.push({
      unit,
      object: readFileSync(join(directory, object)),
      dump: outputOf(directory, unit, /i\.ipa-clones$/),
      calls: readFileSync(join(directory, unit.replace(/c$/, 'ci')), 'latin1'),
      folding: outputOf(directory, unit, /i\.icf$/)
        .split('\n')
        .filter((line) => FOLDING.test(line))
        .join('\n'),
    });
  }
  return units;
}

function outputOf(directory: string, unit: string, pattern: RegExp): string {
  const name = readdirSync(directory).find((file) => file.startsWith(`${unit}.`) && pattern.test(file));
  return name === undefined ? '' : readFileSync(join(directory, name), 'latin1');
}
