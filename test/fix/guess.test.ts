import { describe, expect, it } from 'vitest';
import { guessed } from './sources.js';

const patch = (header: string, lines: string, path = 'mm/a.c', start = 100) => {
  const rows = lines.split('\n');
  const count = (skip: string) => rows.filter((row) => row[0] !== skip).length;
  return `--- a/${path}\n+++ b/${path}\n@@ -${start},${count('+')} +${start},${count('-')} @@ ${header}\n${lines}\n`;
};
const names = (list: readonly { name?: string }[]) => list.map(({ name }) => name);

describe('changedFunctions without the source', () => {
  it('guesses from the function context', async () => {
    const text = patch('static int foo(struct x *y)', ' 	a();\n-	b();\n+	c();\n 	d();');
    expect((await guessed(text)).functions).toMatchObject([
      { name: 'foo', file: 'mm/a.c', line: 0, how: 'guessed' },
    ]);
    const declared = [
      { name: 'foo', line: 90 },
      { name: 'bar', line: 120 },
    ];
    expect((await guessed(text, declared)).functions).toMatchObject([{ name: 'foo', line: 90 }]);
  });

  it('does not fall for a function that ends before the change', async () => {
    const text = patch(
      'static int foo(struct x *y)',
      ' }\n \n static int bar(int a,\n 	       int b)\n {\n-	b();\n+	c();\n }',
    );
    expect((await guessed(text)).functions).toMatchObject([{ name: 'bar', line: 102 }]);
    const both = patch('int foo(void)', '-	a();\n+	b();\n }\n \n int bar(void)\n {\n-	a();\n 	b();');
    expect(names((await guessed(both)).functions)).toEqual(['foo', 'bar']);
  });

  it('keeps labels inside their function, and knows system calls', async () => {
    const text = patch('SYSCALL_DEFINE1(foo, int, a)', ' 	a();\n out:\n-	b();\n+	c();\n }');
    expect(names((await guessed(text)).functions)).toEqual(['__do_sys_foo']);
  });

  it('corrects a header that is no function by the declarations', async () => {
    const text = patch('', ' 	a();\n-	b();\n+	c();\n 	d();');
    expect((await guessed(text)).untraceable).toMatchObject([{ kind: 'other', line: 101 }]);
    expect((await guessed(text, [{ name: 'foo', line: 70 }])).functions).toMatchObject([
      { name: 'foo', line: 70 },
    ]);
    const macro = patch('MAKE_OP(foo)', ' 	a();\n-	b();\n+	c();\n 	d();');
    expect(names((await guessed(macro, [{ name: 'op_foo', line: 70 }])).functions)).toEqual(['op_foo']);
  });

  it('tells new functions from changed ones', async () => {
    const whole = patch(
      'int foo(void)',
      ' 	a();\n }\n \n+int bar(void)\n+{\n+	b();\n+}\n+\n int baz(void)\n {',
    );
    expect(await guessed(whole)).toMatchObject({ functions: [], added: [{ name: 'bar', line: 103 }] });
    const shifted = patch(
      'int foo(void)',
      ' 	a();\n+}\n+\n+int bar(void)\n+{\n+	b();\n }\n \n int baz(void)',
    );
    expect(await guessed(shifted)).toMatchObject({ functions: [], added: [{ name: 'bar' }] });
  });

  it('names what no function holds', async () => {
    const of = async (header: string, lines: string) => (await guessed(patch(header, lines))).untraceable;
    expect(await of('int foo(void)', ' }\n \n-#define LIMIT 1\n+#define LIMIT 2\n ')).toMatchObject([
      { kind: 'macro', name: 'LIMIT' },
    ]);
    expect(await of('struct pool {', ' 	int a;\n-	int b;\n+	long b;\n };')).toMatchObject([
      { kind: 'struct', name: 'pool' },
    ]);
    expect(
      await of('static const struct ops pool_ops = {', ' 	.a = a,\n-	.b = b,\n+	.b = c,\n };'),
    ).toMatchObject([{ kind: 'initialiser', name: 'pool_ops' }]);
    expect(await of('', ' #include <a.h>\n+#include <b.h>\n ')).toMatchObject([
      { kind: 'include', name: '<b.h>' },
    ]);
  });

  it('does not skip an assignment through a pointer', async () => {
    const text = patch('', ' 	a();\n-	*p = 1;\n+	*p = 2;\n 	d();');
    const { functions, untraceable } = await guessed(text);
    expect(functions.length + untraceable.length).toBe(1);
  });
});
