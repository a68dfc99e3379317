import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { changedFunctions, parseFix } from '../../src/fix/index.js';
import { diffOf, tree } from './sources.js';

const STATEMENTS = [
  '	a();',
  '	if (x) {\n		b();\n	}',
  '	c("}");',
  '	/* { */ d();',
  '#ifdef X\n	e();\n#else\n	g();\n#endif',
  '\n	h();',
];
const BETWEEN = [
  '',
  'static int v;\n',
  '#define M(x) do { x; } while (0)\n',
  'struct s {\n	int a;\n};\n',
  '/* } */\n',
];

const body = fc.array(fc.constantFrom(...STATEMENTS), { minLength: 1, maxLength: 6 });
const file = fc.array(fc.record({ body, between: fc.constantFrom(...BETWEEN) }), {
  minLength: 2,
  maxLength: 6,
});

const write = (
  functions: readonly { readonly name: string; readonly body: readonly string[]; readonly between: string }[],
) =>
  functions
    .map(({ name, body: b, between }) => `${between}static int ${name}(int x)\n{\n${b.join('\n')}\n}\n`)
    .join('\n');

describe('changed functions of any file', () => {
  it('are those whose text differs, wherever the diff puts its hunks', async () => {
    await fc.assert(
      fc.asyncProperty(
        file,
        fc.array(fc.record({ at: fc.nat(), body }), { maxLength: 3 }),
        fc.option(fc.nat()),
        fc.nat(3),
        async (functions, edits, insertion, context) => {
          const old = functions.map((f, i) => ({ ...f, name: `f${i}` }));
          const other = old.map((f) => ({ ...f }));
          for (const edit of edits) other[edit.at % other.length]!.body = edit.body;
          if (insertion !== null)
            other.splice(insertion % other.length, 0, { name: 'fresh', body: ['	z();'], between: '' });
          const [before, after] = [write(old), write(other)];
          fc.pre(before !== after);
          const changed = old.filter(
            ({ name, body: b }) => other.find((f) => f.name === name)!.body.join('\n') !== b.join('\n'),
          );
          const report = await changedFunctions(parseFix(diffOf('a.c', before, after, context), 'p'), {
            source: tree({ 'a.c': before }),
          });
          expect(report.functions.map(({ name }) => name)).toEqual(changed.map(({ name }) => name));
          expect(report.added.map(({ name }) => name)).toEqual(insertion === null ? [] : ['fresh']);
          expect(report.untraceable).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('come out, or an InputError, of any text', async () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '(',
      ')',
      '#if A\n',
      '#else\n',
      '#endif\n',
      '#define X \\\n',
      'f',
      ' ',
      '\n',
      ';',
      '"',
      "'",
      '/*',
      '*/',
      '=',
      'struct s',
      '\\',
    );
    const source = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(source, source, async (a, b) => {
        const [before, after] = [`${a}\n`, `${b}\n`];
        fc.pre(before !== after);
        const fix = parseFix(diffOf('a.c', before, after), 'p');
        const report = await changedFunctions(fix, { source: tree({ 'a.c': before }) });
        expect(report.functions.every(({ line }) => line >= 1)).toBe(true);
        await changedFunctions(fix);
      }),
      { numRuns: 300 },
    );
  });
});
