import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Unknown } from '../../src/reach/answer.js';
import { MEMBER_CLASSES } from '../../src/reach/answer.js';
import type { Verdict } from '../../src/reach/patch-set.js';
import { klpReach } from '../helpers/command.js';
import { dump } from '../helpers/dump-text.js';
import { objectWith } from '../helpers/objects.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

const docs = (path: string) => fileURLToPath(new URL(`../../docs/${path}`, import.meta.url));
const samples = (path: string) => fileURLToPath(new URL(`../../samples/${path}`, import.meta.url));

type Schema = Record<string, unknown>;
const SCHEMAS: readonly Schema[] = readdirSync(docs('schema')).map((name) =>
  JSON.parse(readFileSync(join(docs('schema'), name), 'utf8')),
);
const COMMON = SCHEMAS.find((schema) => schema['$id'] === 'common.schema.json')!;

/** A reader may meet members that it does not know; a writer may write none that are not declared. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  const isObject = 'properties' in schema && typeof (schema as Schema)['type'] === 'string';
  return isObject ? { ...inner, additionalProperties: false } : inner;
}

const ajv = new Ajv2020({ schemas: SCHEMAS.map((schema) => closed(schema) as Schema) });

/** What is wrong with a document by the schema of its format. */
function faults(document: { readonly format: string }): unknown {
  const command = document.format.replace('klp-reach/', '');
  const file =
    { affected: 'reach', inlined: 'reach', audit: 'findings', check: 'findings' }[command] ?? command;
  const validate = ajv.getSchema(`${file}.schema.json`)!;
  return validate(document) ? [] : validate.errors;
}

async function documentOf(...args: readonly string[]) {
  const ran = await klpReach([...args, '--format', 'json']);
  expect(ran.out, ran.err).not.toBe('');
  return JSON.parse(ran.out);
}

test('each is a schema of its own', () => {
  for (const schema of SCHEMAS) {
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(ajv.getSchema(String(schema['$id']))).toBeTypeOf('function');
  }
});

test('the codes are those of the program', () => {
  const words = (name: string) =>
    [...(COMMON['$defs'] as Record<string, { enum: string[] }>)[name]!.enum].sort();
  const verdicts: Record<Verdict, true> = {
    patch: true,
    partial: true,
    unpatchable: true,
    'init-only': true,
    discarded: true,
    unused: true,
    'gone-everywhere': true,
    unverified: true,
  };
  expect(words('class')).toEqual([...MEMBER_CLASSES].sort());
  expect(words('verdict')).toEqual(Object.keys(verdicts).sort());
});

describe('samples/demo', () => {
  const db = newIndex();
  const other = newIndex();
  beforeAll(async () => {
    const copy = buildDir();
    cpSync(samples('demo/build'), copy, { recursive: true });
    expect(await klpReach(['index', copy, '--db', db])).toMatchObject({ code: 0 });
    expect(await klpReach(['index', samples('kernel'), '--db', other])).toMatchObject({ code: 0 });
  });

  const FUNCTIONS = [
    'record_fits',
    'record_verify',
    'state_show',
    'ring_read',
    'ringlog_init',
    'record_urgent',
  ];
  test.each(
    FUNCTIONS.flatMap((name) => ['affected', 'inlined', 'callers'].map((command) => [command, name])),
  )('%s %s', async (command, name) => {
    const document = await documentOf(command, name, '--db', db);
    expect(document.answers).not.toEqual([]);
    expect(faults(document)).toEqual([]);
  });

  test('affected --conservative, without objects and without vmlinux', async () => {
    expect(faults(await documentOf('affected', 'record_fits', '--conservative', '--db', db))).toEqual([]);
    expect(faults(await documentOf('affected', 'show_val_kb', 'schedule_work', '--db', other))).toEqual([]);
  });

  test('audit', async () => {
    const fix = samples('demo/fix.patch');
    expect(faults(await documentOf('audit', fix, '--db', db))).toEqual([]);
    const list = join(
      buildDir({ 'patched_funcs.csv': 'vmlinux ring_read klpp_ring_read\n' }),
      'patched_funcs.csv',
    );
    const accept = join(
      buildDir({ 'accept.txt': 'unneeded-target nothing since it is a test\n' }),
      'accept.txt',
    );
    const audited = await documentOf('audit', fix, '--livepatch', list, '--accept', accept, '--db', db);
    expect(audited.findings).not.toEqual([]);
    expect(faults(audited)).toEqual([]);
  });

  test('check', async () => {
    const list = 'klp-convert-symbol-data.0.1\n*vmlinux\nring_read\nno_such_function\n';
    const file = join(buildDir({ 'symbols.klp': list }), 'symbols.klp');
    const checked = await documentOf('check', file, '--db', db);
    expect(checked.findings).not.toEqual([]);
    expect(faults(checked)).toEqual([]);
  });

  test('info', async () => {
    expect(faults(await documentOf('info', '--db', db))).toEqual([]);
  });
});

describe('small builds', () => {
  const db = newIndex();
  beforeAll(async () => {
    const before = buildDir({
      'mm/a.c.000i.ipa-clones': dump('f > host\nf > f.isra.0 isra', 'mm/a.c'),
      'mm/a.o': objectWith('host', '-f.isra.0'),
      'mm/gone.c.000i.ipa-clones': '',
    });
    const after = buildDir({
      'mm/a.c.000i.ipa-clones': `${dump('f > host\nf > other', 'mm/a.c')}Callgraph clone;f;1`,
      'mm/new.c.000i.ipa-clones': '',
    });
    for (const [name, directory] of [
      ['before', before],
      ['after', after],
    ] as const) {
      const ran = await klpReach(['index', directory, '--db', db, '--build', name, '--keep-going']);
      expect(ran, ran.err).toMatchObject({ code: 0 });
    }
  });

  test('diff', async () => {
    const difference = await documentOf('diff', 'before', 'after', '--db', db);
    expect(difference.changes).not.toEqual([]);
    expect(difference.onlyBefore).toEqual(['mm/gone.c']);
    expect(faults(difference)).toEqual([]);
  });

  test('two builds, one of which lost records', async () => {
    const document = await documentOf('affected', 'f', '--db', db);
    expect(document.answers.map(({ build }: { build: string }) => build)).toEqual(['after', 'before']);
    const codes = new Set<Unknown['code']>(
      document.answers.flatMap(({ units }: { units: { unknowns: Unknown[] }[] }) =>
        units.flatMap(({ unknowns }) => unknowns.map(({ code }) => code)),
      ),
    );
    expect(codes).toContain('incomplete-dump');
    expect(codes).toContain('object-unknown');
    expect(faults(document)).toEqual([]);
    expect(faults(await documentOf('callers', 'f', '--db', db))).toEqual([]);
    expect(faults(await documentOf('info', '--db', db))).toEqual([]);
  });
});

describe('docs/json.md', () => {
  const text = readFileSync(docs('json.md'), 'utf8');

  test('names every member that a document can have', () => {
    const named = new Set(text.match(/`[\w.]+`/g)?.map((word) => word.slice(1, -1)));
    expect(SCHEMAS.flatMap((schema) => [...membersOf(schema)]).filter((name) => !named.has(name))).toEqual(
      [],
    );
  });

  test('has examples that are what it says', () => {
    const examples = [...text.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json!));
    expect(examples.length).toBeGreaterThan(3);
    for (const example of examples) expect(faults(example)).toEqual([]);
  });
});

function* membersOf(schema: unknown): Generator<string> {
  if (typeof schema !== 'object' || schema === null) return;
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'properties') yield* Object.keys(value as object);
    yield* membersOf(value);
  }
}
