import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCallgraphInfo } from '../../src/callgraph/ci.js';
import type { CallFacts } from '../../src/callgraph/facts.js';
import { readObjectCalls } from '../../src/callgraph/objdump.js';
import { readObjectFunctions } from '../../src/symbols/object-functions.js';
import { openCorpus } from '../helpers/corpus.js';
import { missing } from './programs.js';

const corpus = openCorpus();
const why = corpus.why || missing('objdump');
const MINUTE = 60_000;
const DIRECTORIES = ['mm', 'kernel'];
if (why !== '') console.warn(`calls of a real kernel are not tested: ${why}`);

/** Functions that the kernel calls in inline assembler, which GCC does not see. */
const IN_ASSEMBLER = [
  /^__SCT__preempt_schedule(_notrace)?$/,
  /^__(get|put)_user_(nocheck_)?[1248]$/,
  /^clear_page_(orig|rep|erms)$/,
  /^clear_user_(original|rep_good|erms)$/,
  /^copy_user_(generic_unrolled|generic_string|enhanced_fast_string)$/,
  /^__sw_hweight(32|64)$/,
  /^this_cpu_cmpxchg16b_emu$/,
  /^__do_softirq$/,
];

function onlyInCode(unit: Unit, caller: string, callee: string): string {
  if (caller.startsWith('__SCT__')) return 'trampoline of a static call';
  const others = unit.sameCode.get(callee);
  if (others?.some((other) => unit.ci.has(`${caller} ${other}`))) return 'other name of the callee';
  if (IN_ASSEMBLER.some((name) => name.test(callee)) && !unit.called.has(callee)) return 'inline assembler';
  return `unexplained: ${unit.name}: ${caller} -> ${callee}`;
}

function onlySaid(unit: Unit, caller: string, callee: string): string {
  if (callee === '__stack_chk_fail') return 'check at an end that is never reached';
  const others = unit.sameCode.get(callee);
  if (others?.some((other) => unit.code.has(`${caller} ${other}`))) return 'other name of the callee';
  return `unexplained: ${unit.name}: ${caller} -> ${callee}`;
}

interface Unit {
  readonly name: string;
  /** `caller callee` */
  readonly ci: ReadonlySet<string>;
  readonly code: ReadonlySet<string>;
  /** What the .ci file says is called, by whomever. */
  readonly called: ReadonlySet<string>;
  /** Names of one code. */
  readonly sameCode: ReadonlyMap<string, readonly string[]>;
}

function pairs(facts: CallFacts): Set<string> {
  return new Set(
    Array.from(
      facts.callCaller,
      (caller, i) => `${facts.names[caller]} ${facts.names[facts.callCallee[i]!]}`,
    ),
  );
}

/** Names of one place in an object. */
function sameCode(file: string): Map<string, string[]> {
  const { names, section, value } = readObjectFunctions(readFileSync(file), file);
  const at = new Map<string, string[]>();
  const groups = new Map<string, string[]>();
  names.forEach((name, i) => {
    const place = `${section[i]} ${value[i]}`;
    const group = at.get(place) ?? [];
    group.push(name);
    at.set(place, group);
    groups.set(name, group);
  });
  return groups;
}

describe.skipIf(why !== '')('every call of mm/ and kernel/ of a real kernel', () => {
  let root: string;
  const said = new Map<string, CallFacts>();
  const code = new Map<string, CallFacts>();
  const units: Unit[] = [];
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'klp-reach-calls-'));
    const members = DIRECTORIES.map((each) => `${each}/*`);
    corpus.unpacked('callgraph-info.tar.zst', members, (directory) => {
      for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
        if (!name.endsWith('.ci')) continue;
        said.set(name.slice(0, -3), parseCallgraphInfo(readFileSync(join(directory, name)), name));
      }
    });
    corpus.unpacked('objects.tar.zst', members, (directory) => {
      for (const each of DIRECTORIES) renameSync(join(directory, each), join(root, each));
    });
    const waiting = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.o'),
    );
    const read = async () => {
      for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
        code.set(name.slice(0, -2), await readObjectCalls(join(root, name)));
      }
    };
    await Promise.all([read(), read()]);
    for (const [name, facts] of said) {
      const other = code.get(name);
      if (other === undefined) {
        said.delete(name); // Of generated code that has no object.
        continue;
      }
      units.push({
        name,
        ci: pairs(facts),
        code: pairs(other),
        called: new Set(Array.from(facts.callCallee, (callee) => facts.names[callee]!)),
        sameCode: sameCode(join(root, `${name}.o`)),
      });
    }
  }, 3 * MINUTE);
  afterAll(() => rm(root, { recursive: true, force: true }));

  /** How many calls of one side the other does not have, by class. */
  function classes(
    one: 'ci' | 'code',
    other: 'ci' | 'code',
    classOf: (unit: Unit, caller: string, callee: string) => string,
  ): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const unit of units) {
      for (const pair of unit[one]) {
        if (unit[other].has(pair)) continue;
        const [caller, callee] = pair.split(' ') as [string, string];
        const name = classOf(unit, caller, callee);
        counts[name] = (counts[name] ?? 0) + 1;
      }
    }
    return counts;
  }

  test('28,736 are in both, by the same name', () => {
    expect(units.length).toBe(284);
    let both = 0;
    for (const { ci, code } of units) for (const pair of ci) if (code.has(pair)) both++;
    expect(both).toBe(28_736);
  });

  test('GCC says nothing that is not in the code but dead checks', () => {
    expect(classes('ci', 'code', onlySaid)).toEqual({
      'check at an end that is never reached': 4,
      'other name of the callee': 3,
    });
  });

  test('the code has more: what GCC cannot see', () => {
    expect(classes('code', 'ci', onlyInCode)).toEqual({
      'inline assembler': 677,
      'trampoline of a static call': 253,
      'other name of the callee': 3,
    });
  });

  test('every function that GCC says it emitted is a symbol', () => {
    for (const [name, facts] of said) {
      const emitted = new Set(namesOf(code.get(name)!));
      expect(namesOf(facts).filter((each) => !emitted.has(each))).toEqual([]);
    }
  });

  test('every call belongs to a function', () => {
    expect([...code.values()].flatMap((facts) => [...facts.namelessCallee])).toEqual([]);
  });
});

function namesOf(facts: CallFacts): string[] {
  return Array.from(facts.functionName, (name) => facts.names[name]!);
}
