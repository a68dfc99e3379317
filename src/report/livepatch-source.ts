import { symposOf, type UnitFunction } from '../reach/unit-function.js';
import { unknownsOf } from '../reach/unknowns.js';
import type { ReachReport } from './reach-report.js';

/** A function to name in a livepatch. */
interface Target {
  readonly name: string;
  readonly sympos: number;
  /** Whether a linked object told the position. */
  readonly known: boolean;
}

/** By object, vmlinux first, then modules by name; `?` is an object that nothing tells. */
function targetsOf(report: ReachReport): [string, Target[]][] {
  const objects = new Map<string, Map<string, Target>>();
  for (const { units } of report.answers) {
    for (const { unit, functions } of units) {
      for (const f of functions) {
        if (f.class !== 'patch') continue;
        const object = unit.image ?? '?';
        const targets = objects.get(object) ?? new Map<string, Target>();
        objects.set(object, targets);
        const target = {
          name: f.name,
          sympos: f.place ? symposOf(f.place) : 0,
          known: f.place !== undefined,
        };
        targets.set(`${target.name} ${target.sympos}`, target);
      }
    }
  }
  const rank = (object: string) => `${object === 'vmlinux' ? 0 : 1}${object}`;
  return [...objects]
    .sort(([a], [b]) => (rank(a) < rank(b) ? -1 : 1))
    .map(([object, targets]) => [
      object,
      [...targets.values()].sort((a, b) =>
        a.name < b.name ? -1 : a.name > b.name ? 1 : a.sympos - b.sympos,
      ),
    ]);
}

/** Functions that belong to the patch set and can be in no livepatch, and what is not known: as notes of the output. */
function notesOf(report: ReachReport): string[] {
  const notes: string[] = [];
  for (const answer of report.answers) {
    for (const { unit, functions } of answer.units) {
      for (const f of functions as readonly UnitFunction[]) {
        if (f.class === 'blocked') notes.push(`not patched: ${f.name} (${unit.source}): ${f.blocked}`);
        if (f.class === 'unverified')
          notes.push(`not verified: ${f.name} (${unit.source}): is it in the object?`);
      }
    }
    for (const { unit, function: name, why } of unknownsOf(answer, report)) {
      notes.push(`incomplete: ${name === '' ? unit : `${name} (${unit})`}: ${why}`);
    }
  }
  return notes;
}

/** C text to start a livepatch from: the arrays of `struct klp_func` and `struct klp_object` (include/linux/livepatch.h). */
export function klpSource(report: ReachReport): string {
  const targets = targetsOf(report);
  const lines = notesOf(report).map((note) => `/* ${note.replaceAll('*/', '* /')} */`);
  for (const [object, functions] of targets) {
    lines.push(`static struct klp_func ${identifier(object)}_funcs[] = {`);
    for (const { name, sympos, known } of functions) {
      const position = sympos === 0 ? '' : ` .old_sympos = ${sympos},`;
      const note = known ? '' : ' /* position unknown */';
      lines.push(
        `\t{ .old_name = "${name}", .new_func = livepatch_${name}${sympos > 1 ? `_${sympos}` : ''},${position} },${note}`,
      );
    }
    lines.push('\t{ }', '};', '');
  }
  lines.push('static struct klp_object objs[] = {');
  for (const [object] of targets) {
    const name = object === 'vmlinux' ? '' : ` .name = "${object}",`;
    lines.push(`\t{${name} .funcs = ${identifier(object)}_funcs, },`);
  }
  lines.push('\t{ }', '};');
  return `${lines.join('\n')}\n`;
}

/** Lines of SUSE's patched_funcs.csv: object, function, replacement. */
export function patchedFuncs(report: ReachReport): string {
  const lines = targetsOf(report).flatMap(([object, functions]) =>
    functions.map(({ name, sympos }) => `${object} ${name}${sympos === 0 ? '' : `,${sympos}`} klpp_${name}`),
  );
  return lines.map((line) => `${line}\n`).join('');
}

function identifier(object: string): string {
  return object === '?' ? 'unknown_object' : object.replaceAll(/\W/g, '_');
}

/** What goes to standard error beside `patchedFuncs`, whose lines have no room for it. */
export function patchedFuncsNotes(report: ReachReport): string[] {
  return notesOf(report);
}
