import { execFileSync } from 'node:child_process';
import { cpSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { reachJson } from '../../src/report/reach-json.js';
import { reachText } from '../../src/report/reach-text.js';
import { isSettled } from '../../src/report/settled.js';
import { Asked } from '../helpers/asked.js';
import { klpReach } from '../helpers/command.js';
import { hasGcc } from '../helpers/gcc.js';
import { column } from '../helpers/index-rows.js';
import { InputError, ingest } from '../helpers/library.js';
import { buildDir, newIndex } from '../helpers/workplace.js';
import { plain } from '../report/telling.js';
import { DAMAGES, type Damage, inTwoModules, MODULE_DAMAGES, withComposites, withModule } from './damages.js';

const BUILD = fileURLToPath(new URL('../../samples/demo/build', import.meta.url));

interface Said {
  readonly text: string;
  readonly json: string;
  /** As `--strict` ends. */
  readonly code: number;
}

const told = plain({ width: 1000, all: true });

/** Every function's answer. */
async function answersOf(build: string, functions?: readonly string[]): Promise<Map<string, Said>> {
  const db = newIndex();
  try {
    await ingest([build], { db, build: 'b' });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return new Map((functions ?? []).map((name) => [name, refused(error)]));
  }
  const asked = new Asked(db);
  const names =
    functions ??
    (column(
      db,
      `SELECT DISTINCT t.text FROM name t WHERE t.id IN (SELECT name FROM function) OR t.id IN (SELECT name FROM symbol) ORDER BY 1`,
    ) as string[]);
  try {
    return new Map(names.map((name) => [name, answerOf(asked, name)]));
  } finally {
    asked.index.close();
  }
}

function answerOf(asked: Asked, name: string): Said {
  try {
    const answers = asked.answers(name);
    const provenance = { version: '', builds: [] };
    const report = { answers, direction: 'affected', mode: 'ordered', provenance, why: false } as const;
    return {
      text: [...reachText(report, told)].join(''),
      json: [...reachJson(report)].join(''),
      code: answers.every(isSettled) ? 0 : 1,
    };
  } catch (error) {
    if (error instanceof InputError) return refused(error);
    throw error;
  }
}

function refused({ message }: Error): Said {
  return { text: message, json: message, code: 2 };
}

/** The functions whose answers differ, and neither say that because of which file nor end as a failure. */
function silent(damage: Damage, whole: ReadonlyMap<string, Said>, now: ReadonlyMap<string, Said>): string[] {
  const parts = [damage.names].flat();
  return [...whole].flatMap(([name, before]) => {
    const after = now.get(name)!;
    if (after.json === before.json && after.text === before.text) return [];
    const known = new Set([...reasons(before.json), ...reasons(before.text)]);
    const names = (said: string) =>
      reasons(said).some((reason) => !known.has(reason) && parts.some((part) => reason.includes(part)));
    const isSaid = after.code !== 0 && names(after.json) && names(after.text);
    return isSaid ? [] : [name];
  });
}

/** What an answer says to be unknown, or the one line of a refusal. */
function reasons(said: string): string[] {
  if (said.startsWith('{')) {
    const { answers } = JSON.parse(said) as { answers: { units: { unknowns: unknown[] }[] }[] };
    return answers.flatMap(({ units }) =>
      units.flatMap(({ unknowns }) => unknowns.map((one) => JSON.stringify(one))),
    );
  }
  const lines = said.split('\n');
  if (lines.length === 1) return lines;
  return lines.slice(lines.findIndex((line) => line.startsWith('incomplete')) + 1);
}

function damaged(damage: Damage, prepare: (build: string) => void = () => {}): string {
  const build = buildDir();
  cpSync(BUILD, build, { recursive: true });
  prepare(build);
  damage.make(build);
  return build;
}

const why = hasGcc() ? '' : 'no gcc that makes x86_64 objects';

describe.skipIf(why !== '')('a damaged build is said, or changes nothing', async () => {
  const whole = why === '' ? await answersOf(BUILD) : new Map<string, Said>();
  test.each(DAMAGES)('$what', async (damage) => {
    const now = await answersOf(damaged(damage), [...whole.keys()]);
    expect(silent(damage, whole, now)).toEqual(damage.untold ?? []);
  });
});

describe.skipIf(why !== '')('so is one with a module', async () => {
  const build = buildDir();
  cpSync(BUILD, build, { recursive: true });
  if (why === '') withModule(build);
  const whole = why === '' ? await answersOf(build) : new Map<string, Said>();
  test.each(MODULE_DAMAGES)('$what', async (damage) => {
    const now = await answersOf(damaged(damage, withModule), [...whole.keys()]);
    expect(silent(damage, whole, now)).toEqual(damage.untold ?? []);
  });
});

test.skipIf(why !== '')('an object that two modules have is told of in both', async () => {
  const build = buildDir();
  cpSync(BUILD, build, { recursive: true });
  inTwoModules(build);
  const db = newIndex();
  const { problems } = await ingest([build], { db, build: 'b' });
  expect(problems).toEqual([]);
  const asked = new Asked(db);
  const { places } = asked.member('ringlog_show', 'ringlog_show');
  expect(places.map(({ object }) => object)).toEqual(['otherfs', 'ringfs']);
  asked.index.close();
});

test.skipIf(why !== '')('partial links, assembly and host programs are no units and no breach', async () => {
  const build = buildDir();
  cpSync(BUILD, build, { recursive: true });
  withComposites(build);
  const { problems } = await ingest([build], { db: newIndex(), build: 'b' });
  expect(problems).toEqual([]);
});

/** What is to be replaced or cannot be, as an answer's JSON has it. */
function emitted({ json }: Said): string[] {
  if (!json.startsWith('{')) return [];
  const { answers } = JSON.parse(json) as {
    answers: { units: { members: { name: string; class: string }[] }[] }[];
  };
  const members = answers.flatMap(({ units }) => units.flatMap((unit) => unit.members));
  return members.filter((member) => member.class !== 'gone').map(({ name }) => name);
}

describe.skipIf(why !== '')('of dumps and vmlinux alone no answer is smaller and settled', () => {
  test.each<[string, readonly string[]]>([
    ['as it is', []],
    ['without local symbols', ['-x']],
    ['without any', ['-S']],
  ])('%s', async (_, strip) => {
    const build = buildDir();
    cpSync(BUILD, build, { recursive: true });
    for (const name of readdirSync(build, { recursive: true, encoding: 'utf8' })) {
      if (/\.(?:o|ci)$/.test(name)) rmSync(join(build, name));
    }
    if (strip.length > 0) execFileSync('objcopy', [...strip, join(build, 'vmlinux')]);
    const whole = await answersOf(BUILD);
    const now = await answersOf(build, [...whole.keys()]);
    const smaller = [...whole].filter(([name, before]) => {
      const after = now.get(name)!;
      const has = new Set(emitted(after));
      return after.code === 0 && emitted(before).some((member) => !has.has(member));
    });
    expect(smaller.map(([name]) => name)).toEqual([]);
  });
});

test.skipIf(why !== '')('check finds what is wrong with a build', async () => {
  const build = buildDir({ list: 'vmlinux ring_append klpp_ring_append\n' });
  cpSync(BUILD, build, { recursive: true });
  rmSync(join(build, 'core/ring.c.000i.ipa-clones'));
  const db = newIndex();
  await ingest([build], { db, build: 'b' });
  const ran = await klpReach(['check', '--db', db, join(build, 'list'), '--strict', '-f', 'json']);
  expect(ran.code).toBe(1);
  const { findings } = JSON.parse(ran.out) as { findings: { rule: string; message: string }[] };
  expect(findings).toContainEqual(
    expect.objectContaining({ rule: 'incomplete-data', message: expect.stringContaining('ring') }),
  );
});
