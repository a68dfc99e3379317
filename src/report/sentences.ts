/**
 * Every sentence that is made of a code of the answer: verdicts, classes, why something is stuck, why an end is open,
 * what is not known. Plain text without colours and without a full stop; control characters of names are left as
 * they are, whoever prints makes them visible. Nothing else makes prose of codes, and nothing reads what is made here.
 */
import type { Problem } from '../index/problems.js';
import type { Member, MemberClass, OpenEnd, OpenReference, Unknown } from '../reach/answer.js';
import { MOST_REFERENCES } from '../reach/answer.js';
import type { Verdict } from '../reach/patch-set.js';

/** What a verdict's sentence counts. */
export interface VerdictCounts {
  /** Members of class `patch`. */
  readonly patch: number;
  /** Stuck members that run and that nothing replaced leads to: they keep the old code. */
  readonly deadEnds: number;
}

/** `replace 10 functions`: what a verdict tells to do. */
export function verdictText(verdict: Verdict, { patch, deadEnds }: VerdictCounts): string {
  switch (verdict) {
    case 'patch':
      return `replace ${functions(patch)}`;
    case 'partial':
      return `replace ${patch === 1 ? 'this function' : `these ${functions(patch)}`}; ${functions(
        deadEnds,
      )} ${plural(deadEnds, 'keeps', 'keep')} the old code`;
    case 'unpatchable':
      return `cannot be livepatched: ${functions(deadEnds)} ${plural(
        deadEnds,
        'runs the code, and neither it nor what leads to it',
        'run the code, and neither they nor what leads to them',
      )} can be redirected`;
    case 'init-only':
      return 'nothing to replace: its code ran at init, and does not run again before the next boot or load';
    case 'discarded':
      return 'nothing to replace: a weak definition that lost to another one, so that its code is not in the kernel';
    case 'unused':
      return 'nothing to replace: its code is only in functions that nothing calls';
    case 'gone-everywhere':
      return 'nothing to replace: no object has its code';
    case 'unverified':
      return 'not known: no object tells which of the functions exist';
  }
}

/** One word a verdict, for counts of units: `1,115 units patch, 14 partial`. */
export function verdictWord(verdict: Verdict): string {
  return verdict === 'gone-everywhere' ? 'gone' : verdict;
}

/** What is to be known of every member of a class. */
export function classText(of: MemberClass): string {
  return CLASS_TEXTS[of];
}

const CLASS_TEXTS: Readonly<Record<MemberClass, string>> = {
  patch: 'to replace',
  clone: 'a clone: no function compiled from source has its signature',
  blocked: 'cannot be redirected',
  init: 'has run and is freed',
  discarded: 'a weak definition that lost: its code is not in the kernel',
  unverified: 'not known to exist: no object was read',
  gone: 'has no code of its own: it lives on in those it was copied into',
};

/** Why a livepatch cannot redirect a stuck member. */
export function stuckText({ stuck, binary }: Pick<Member, 'stuck' | 'binary'>): string {
  switch (stuck) {
    case null:
      return '';
    case 'clone':
      return `${CLASS_TEXTS.clone}${binary === null ? '' : `; in ${binary}`}`;
    case 'no-site':
      return 'no ftrace site at its entry (notrace, noinstr, or built without tracing)';
    case 'module-exit':
      return 'exit code of a module, which runs when it is unloaded';
    case 'folded':
      return 'has the code of a function that was folded into it: it cannot be replaced for that one alone';
    case 'out-of-reach':
      return `in ${binary ?? 'another binary'}: livepatch reaches vmlinux and modules only`;
  }
}

/** `also a, b (folded)`: other names of a member's code, which is replaced for all of them. */
export function alsoText({ aliases, folded }: Pick<Member, 'aliases' | 'folded'>): string {
  if (aliases.length === 0 && folded.length === 0) return '';
  const names = [...aliases, ...folded.map((name) => `${name} (folded)`)];
  return `also ${names.join(', ')}`;
}

/** What is to be known of such names. */
export const ALSO_TEXT = 'other names of the same code, which cannot be replaced alone';

/** Why an end is open: what may run the old code and cannot be followed. */
export function openText({ reason, references }: OpenEnd): string {
  switch (reason) {
    case 'address':
      return `its address is taken${listed(references.map(addressPlace))}`;
    case 'nodump-caller':
      return `code without a dump calls it${listed(references.map(callPlace))}`;
    case 'callers-unknown':
      return 'its callers are not known: the calls of some unit were not read';
  }
}

/** Why a dead end keeps the old code, without the places: what many of them share. */
export function endText({ open, binary }: Pick<Member, 'open' | 'binary'>): string {
  if (open.length > 0) return open.map(({ reason }) => openText({ reason, references: [] })).join(', ');
  return binary === null ? 'called only by functions that cannot be redirected either' : `runs in ${binary}`;
}

/**
 * Why nothing stands in for a stuck member that does not run.
 *
 * @param callers those that are known
 */
export function idleText(
  { exported, stuck }: Pick<Member, 'exported' | 'stuck'>,
  callers: readonly Member[],
): string {
  if (stuck === 'folded') return 'nothing in its unit calls it';
  if (exported) return 'nothing in the build calls it; it is exported: only modules outside the build can';
  if (callers.some((caller) => caller.class === 'init')) return 'only init code calls it, which has run';
  return callers.length === 0 ? 'nothing calls it' : 'only code that nothing calls leads to it';
}

/** What to do where `callers-unknown` keeps an end open. */
export const CALLERS_ADVICE =
  'what calls them may be replaced instead: index the build with its .ci files, or with --calls objdump';

function listed(places: readonly string[]): string {
  const different = [...new Set(places)];
  if (different.length === 0) return '';
  return `: ${different.join(', ')}${places.length < MOST_REFERENCES ? '' : ' (perhaps elsewhere too)'}`;
}

function addressPlace({ section, by, unit, object }: OpenReference): string {
  const where = whereText(unit, object);
  if (by !== null) return `by ${by}${where === '' ? '' : ` (${where})`}`;
  return `in ${section === '' ? 'data' : section}${where === '' ? '' : ` of ${where}`}`;
}

/** The code that makes a reference, and where it is: `entry_SYSCALL_64 (vmlinux)`. */
export function callPlace({ section, by, unit, object }: OpenReference): string {
  const where = whereText(unit, object);
  if (by !== null) return `${by}${where === '' ? '' : ` (${where})`}`;
  return `unnamed code${section === '' ? '' : ` in ${section}`}${where === '' ? '' : ` of ${where}`}`;
}

function whereText(unit: string | null, object: string | null): string {
  return unit === null ? (object ?? '') : sourceOf(unit);
}

/** What an answer rests on and nothing tells, as a sentence that stands alone. */
export function unknownText(unknown: Unknown): string {
  return `${unknownSubject(unknown)}: ${unknownReason(unknown)}`;
}

/** What something unknown is about: a function with its unit's source, a unit, or a file of the build. */
export function unknownSubject(unknown: Unknown): string {
  const { unit, function: name } = unknown;
  if (unit === '' && 'file' in unknown) return unknown.file;
  return name === '' ? sourceOf(unit) : `${name} (${sourceOf(unit)})`;
}

/** The same sentence without what it is about. */
export function unknownReason(unknown: Unknown): string {
  switch (unknown.code) {
    case 'open-end':
      return openText(unknown.open);
    case 'unverified':
      return UNVERIFIED[unknown.object];
    case 'object-unknown':
      return 'not known whether it is in vmlinux or in a module: index the build with them';
    case 'unmentioned':
      return 'no record, call or symbol of its unit mentions it: it may have been folded or configured out';
    case 'folding-unknown':
      return (
        'it is removed, and was copied nowhere: it may have been folded into an equal function, whose hosts would be ' +
        'its own; build with -fdump-ipa-icf-optimized'
      );
    case 'position-unknown':
      return `its symbol in ${unknown.object} was not found, so its position among equal names is not known`;
    case 'incomplete-dump': {
      const { file, line, problem, more } = unknown;
      const others = more === 0 ? '' : `, and ${counted(more)} more`;
      return `its dump lost records, each of which can be a copy: ${file}${line === null ? '' : `:${line}`}: ${problem}${others}`;
    }
    default:
      return problemReason(unknown);
  }
}

/** What is wrong with a file, as a line that stands alone: `FILE: WHAT`. */
export function problemText(problem: Problem): string {
  const { file, line } = problem;
  return `${file}${line === null ? '' : `:${line}`}: ${problemReason(problem)}`;
}

/** The same sentence without the file that is at fault. */
function problemReason(problem: Problem): string {
  const { code, file, other, what, more } = problem;
  const those = `${what}${more === 0 ? '' : ` and ${counting(more, 'more function')}`}`;
  const against = other ?? '';
  switch (code) {
    case 'incomplete-dump':
    case 'input-unread':
      return what;
    case 'image-unread':
      return `${what} (${file})`;
    case 'image-other-kernel':
      return `${file} is for the kernel \`${what}\`, and ${against} is not`;
    case 'debug-other-build':
      return `${file} ${what}, and does not belong to ${against}`;
    case 'object-missing':
      return `its object was not found (${file}), as the build has them for others`;
    case 'calls-missing':
      return `its call graph was not found (${file}), as the build has them for others`;
    case 'object-corrupt':
      return `the object ${what} (${file})`;
    case 'calls-corrupt':
      return `the call graph: ${what} (${file})`;
    case 'dump-lto':
      return `${file} is a dump of link-time optimisation, which moves functions between units and renames them`;
    case 'dump-placeholder':
      return `${file} is empty, has no object or call graph, and was made after the build: it may stand in for a dump that is missing`;
    case 'object-lto':
      return `${file} holds code for link-time optimisation, which compiles it again: nothing tells what becomes of it`;
    case 'clone-unrecorded':
      return `${file} lacks the record that makes the clone ${those}, which ${against} has`;
    case 'removed-emitted':
      return `${file} removes ${those}, which ${against} has`;
    case 'code-unaccounted':
      return `${file} names ${those}, and does not say what became of it; ${against} does not have it`;
    case 'copy-unrecorded':
      return `${file} lacks a record of what was copied into ${those}: ${against} has calls there that stand in another function`;
    case 'object-other-source':
      return `${file} was compiled from ${what}, and does not belong to ${against}`;
    case 'object-other-machine':
      return `${file} is for another machine (${what}) than ${against}`;
    case 'object-not-linked':
      return other === null
        ? `${file} is of a module, and no module that was read has ${those}`
        : `${against} does not have ${those} as ${file} has it`;
    case 'calls-other-source':
      return `${file} is the call graph of ${what}, and does not belong to ${against}`;
    case 'calls-other-place':
      return `${file} has ${those} at another place of the source than ${against}`;
    case 'calls-unknown-function':
      return `${file} has the function ${those}, which ${against} does not have`;
    case 'calls-lack-call':
      return `${file} lacks a call that ${those} makes in ${against}`;
    case 'no-dump':
      return `code of ${what} that no dump tells of${alsoOthers(more, 'file')}`;
    case 'module-missing':
      return `the module ${what} was built, and no file of it was read${alsoOthers(more, 'module')}`;
    case 'function-without-unit':
      return `${file} has ${those}, which ${plural(more + 1, 'belongs', 'belong')} to no unit: a dump or an object is missing`;
  }
}

function alsoOthers(more: number, what: string): string {
  return more === 0 ? '' : `; so for ${counting(more, what)} more`;
}

const UNVERIFIED: Readonly<Record<'read' | 'image' | 'missing' | 'corrupt' | 'not asked', string>> = {
  read: 'its object does not tell which functions exist',
  image: 'the linked object does not tell which of several units it is from',
  missing: 'no object beside its dump, so that nothing tells which functions exist',
  corrupt: 'its object could not be read, so that nothing tells which functions exist',
  'not asked': 'its object was not read (--no-objects), so that nothing tells which functions exist',
};

/** The source of a unit whose dump is named: `mm/slab.c` of `mm/slab.c.000i.ipa-clones`. */
export function sourceOf(unit: string): string {
  return unit.replace(/\.\d{3}i\.ipa-clones$/, '');
}

/** `is` or `are`. */
export function plural(count: number, one: string, many: string): string {
  return count === 1 ? one : many;
}

/** `1 function`, `2,679 functions`. */
export function functions(count: number): string {
  return counting(count, 'function');
}

/** `1 unit`, `3 units`. */
export function counting(count: number, what: string): string {
  return `${counted(count)} ${plural(count, what, `${what}s`)}`;
}

/** A number as a person reads it: `2,679`. */
export function counted(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}
