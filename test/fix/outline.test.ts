import { describe, expect, it } from 'vitest';
import { outline } from '../../src/fix/outline.js';

describe('outline', () => {
  it('takes time in proportion to the text, whatever is left open in it', () => {
    const texts = [
      `{\n${'#if A\nx;\n'.repeat(20_000)}`,
      `f(){\n#if A\n${'x;\n#else\n'.repeat(20_000)}`,
      '"\\'.repeat(100_000),
      `#define ${'"\\'.repeat(100_000)}`,
      '/*'.repeat(100_000),
      '('.repeat(100_000),
      `int f(a) ${'int a;'.repeat(50_000)}{}`,
      `int f(${'a, '.repeat(50_000)}a) ${'int a;'.repeat(50_000)}{}`,
    ];
    for (const text of texts) {
      const start = performance.now();
      outline(text);
      expect(performance.now() - start).toBeLessThan(5000);
    }
  });

  it('is not led astray by texts, comments and directives', () => {
    const { functions, items } = outline(
      `#define QUOTE '"' /* {
 { */
#define OPEN {
static char brace = '{'; /* { */
static const char *text = "\\"{";
int f(void)
{
	return '}' + sizeof("}"); // }
}
`,
    );
    expect(functions.map(({ names, line, start, end }) => [names[0], line, start, end])).toEqual([
      ['f', 6, 6, 9],
    ]);
    expect(items.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'macro QUOTE',
      'macro OPEN',
      'variable brace',
      'variable text',
    ]);
  });
});
