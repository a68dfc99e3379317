import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseList } from '../../src/input/list.js';

describe('parseList', () => {
  it('takes a name a line, and knows where it stood', () => {
    expect(
      parseList('# made by find\n\na.c.000i.ipa-clones\r\n  \n my dir/b.c.000i.ipa-clones', 'list'),
    ).toEqual([
      { name: 'a.c.000i.ipa-clones', where: 'list:3' },
      { name: ' my dir/b.c.000i.ipa-clones', where: 'list:5' },
    ]);
  });

  it('ignores a byte order mark', () => {
    expect(parseList('\ufeffa\n', 'list')).toEqual([{ name: 'a', where: 'list:1' }]);
  });

  it('refuses a list that names nothing', () => {
    expect(() => parseList('# nothing\n\n', '<stdin>')).toThrow('<stdin>: names no dump');
    expect(() => parseList('', 'list')).toThrow('names no dump');
  });

  it('refuses what find -print0 writes', () => {
    expect(() => parseList('a\0b\0', 'list')).toThrow('list:1: holds a NUL byte');
  });

  it('gives back every name that was written', () => {
    const name = fc.stringMatching(/^[^\0\n\r#\s\ufeff][^\0\n\r]*$/);
    fc.assert(
      fc.property(fc.array(name, { minLength: 1 }), fc.constantFrom('\n', '\r\n'), (list, newline) => {
        expect(parseList(list.join(newline), 'l').map((listed) => listed.name)).toEqual(list);
      }),
    );
  });
});
