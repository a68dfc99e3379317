import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MemberClass, UnitAnswer } from '../../src/reach/answer.js';
import { IndexReader, ingest, openForReading, parseSymbolSpec, Reach } from '../helpers/library.js';
import type { Answer, Ask } from './answer.js';
import type { Compiled } from './answerers.js';

const BUILD = 'marker';

/** Links the objects as a kernel is linked, indexes the directory as klp-reach does, and asks the library. */
export async function askEngine({ directory, build }: Compiled): Promise<Ask> {
  link(directory, build.compiler.command);
  const db = join(directory, 'index.db');
  rmSync(db, { force: true });
  await ingest([directory], { db, build: BUILD });
  const reach = new Reach(new IndexReader(openForReading(db)));
  const known = new Map<string, readonly UnitAnswer[]>();
  return (unit, symbol) => {
    let answers = known.get(symbol);
    if (answers === undefined) {
      const question = { filter: { build: BUILD }, mode: 'ordered', direction: 'affected' } as const;
      answers = reach.askIfKnown(parseSymbolSpec(symbol), question).flatMap(({ units }) => units);
      known.set(symbol, answers);
    }
    const own = answers.filter((answer) => answer.unit.source === unit);
    return own.length === 0 ? undefined : answerOf(own);
  };
}

/** The same without GCC's word on what it folded. It takes the files away, so it has to come last. */
export function askEngineWithoutFolding(compiled: Compiled): Promise<Ask> {
  for (const file of readdirSync(compiled.directory)) {
    if (file.endsWith('.icf')) rmSync(join(compiled.directory, file));
  }
  return askEngine(compiled);
}

function answerOf(answers: readonly UnitAnswer[]): Answer {
  const members = answers.flatMap((answer) => answer.members);
  const namesOf = (wanted: MemberClass) =>
    new Set(members.filter((one) => one.class === wanted).map(({ unit, name }) => `${unit.source}:${name}`));
  return {
    patch: namesOf('patch'),
    clone: namesOf('clone'),
    blocked: namesOf('blocked'),
    init: namesOf('init'),
    discarded: namesOf('discarded'),
    gone: namesOf('gone'),
    complete: answers.every(({ unknowns }) => unknowns.length === 0),
  };
}

/** What a kernel's linker script says of init code and of the table of ftrace sites. */
const SCRIPT = `SECTIONS {
  .init.text : { __init_begin = .; *(.init.text) __init_end = .; }
  __mcount_loc : {
    __start_mcount_loc = .;
    KEEP(*(__mcount_loc __patchable_function_entries))
    __stop_mcount_loc = .;
  }
}
INSERT AFTER .text;
`;
const LINKER = ['-e,0', '--unresolved-symbols=ignore-all', '-T,image.lds'];

function link(directory: string, compiler: string): void {
  writeFileSync(join(directory, 'image.lds'), SCRIPT);
  const objects = readdirSync(directory)
    .filter((file) => file.endsWith('.o'))
    .sort();
  const options = ['-nostdlib', '-static', '-no-pie', ...LINKER.map((option) => `-Wl,${option}`)];
  execFileSync(compiler, [...options, ...objects, '-o', 'vmlinux'], { cwd: directory, stdio: 'pipe' });
}
