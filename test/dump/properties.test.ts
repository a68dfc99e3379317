import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type DumpRecord, type FunctionRef, parseRecord } from '../../src/dump/record.js';
import { type Facts, factsOf } from './facts-in-words.js';

const text = (taken: RegExp) =>
  fc
    .oneof(
      fc.string({ minLength: 1, maxLength: 12 }),
      fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' }),
    )
    .map((any) => any.replace(taken, ''));

const name = fc.oneof(
  fc.constantFrom(
    'f',
    'g',
    'sum.constprop.0.isra.0',
    '__x64_sys_read',
    '_ZN4core3fmtE',
    '123',
    '<-',
    'ändern',
    '*asm_label',
  ),
  // A star in front is the compiler's own mark, of which the label above is the one example.
  text(/[;\n\r]/g).filter((made) => made !== '' && !made.startsWith('*')),
);
/** A piece of a path that cannot be taken for a number, so that a record can be read in one way only. */
const piece = fc.oneof(
  fc.constantFrom(
    'a.c',
    './include/linux/log2.h',
    '../arch/x86',
    '/src/linux 6.1',
    '<built-in>',
    'größe.h',
    '',
  ),
  text(/[;\n\r]/g).filter((made) => !/^-?\d*$/.test(made)),
);
const path = fc
  .array(piece, { minLength: 1, maxLength: 3 })
  .filter((pieces) => !pieces.includes('<-'))
  .map((pieces) => pieces.join(';'));
const reference: fc.Arbitrary<FunctionRef> = fc.record({
  name: name.filter((made) => !made.includes('/')),
  order: fc.oneof(fc.nat(6), fc.nat(2 ** 31 - 1)),
  file: path,
  line: fc.nat(2 ** 31 - 1),
  col: fc.nat(4000),
});
const kind = fc.oneof(
  fc.constantFrom('inlining to', 'inlining too', 'constprop', 'isra', 'part', '(null)', 'arch_haswell', '5'),
  text(/[;\n\r]/g).filter((made) => made !== ''),
);
const record: fc.Arbitrary<DumpRecord> = fc.oneof(
  fc.record({ type: fc.constant('removal' as const), node: reference }),
  fc.record({ type: fc.constant('clone' as const), original: reference, target: reference, kind }),
);
const printed = fc.record({ record, old: fc.boolean(), crlf: fc.boolean() });

function print(made: { record: DumpRecord; old: boolean; crlf: boolean }): string {
  const { record, old, crlf } = made;
  const ref = (r: FunctionRef) => `${r.name};${r.order};${r.file};${r.line};${r.col}`;
  const line =
    record.type === 'removal'
      ? `Callgraph removal;${ref(record.node)}`
      : old
        ? `Callgraph clone;${ref(record.original)};<-;${ref(record.target)};optimization:;${record.kind}`
        : `Callgraph clone;${ref(record.original)};${ref(record.target)};${record.kind}`;
  return line + (crlf ? '\r\n' : '\n');
}

/** What lines say, by the plainest reading of the rules; a text is what is wrong with a line. */
function naive(read: readonly (DumpRecord | string)[]): Facts {
  const places = new Map<string, number>();
  const nodes: (FunctionRef & { removed: boolean })[] = [];
  const edges: Facts['edges'][number][] = [];
  const problems: Facts['problems'][number][] = [];
  const place = (ref: FunctionRef) => {
    const key = JSON.stringify([ref.name, ref.order]);
    const known = places.get(key) ?? nodes.length;
    if (known === nodes.length) {
      places.set(key, known);
      nodes.push({ ...ref, name: ref.name.replace(/^\*/, ''), removed: false });
    }
    return known;
  };
  for (const [i, record] of read.entries()) {
    if (typeof record === 'string') {
      problems.push({ line: i + 1, what: record });
    } else if (record.type === 'removal') {
      const at = place(record.node);
      nodes[at] = { ...nodes[at]!, removed: true };
    } else {
      const original = place(record.original);
      edges.push({ seq: i + 1, original, target: place(record.target), kind: record.kind });
    }
  }
  return { nodes, edges, lines: read.length, problems };
}

test('what was printed is read back, whatever names and paths hold', () => {
  fc.assert(
    fc.property(fc.array(printed, { maxLength: 30 }), (all) => {
      expect(factsOf(all.map(print).join(''))).toEqual(naive(all.map((made) => made.record)));
    }),
    { numRuns: 400 },
  );
});

test('the fast reader and the careful one agree line by line', () => {
  fc.assert(
    fc.property(fc.array(printed, { maxLength: 15 }), (all) => {
      const whole = all.map(print).join('');
      const records = whole
        .split('\n')
        .slice(0, -1)
        .map((line) => parseRecord(line.replace(/\r$/, '')));
      expect(records.filter((r) => typeof r === 'string')).toEqual([]);
      expect(factsOf(whole)).toEqual(naive(records));
    }),
    { numRuns: 300 },
  );
});

test('they agree on damaged lines too', () => {
  const damaged = fc
    .tuple(printed, fc.nat(), fc.constantFrom(';', '', '\0', '/', '9', '-', '<-', 'é', ' '))
    .map(([made, at, put]) => {
      const line = print({ ...made, crlf: false }).slice(0, -1);
      const cut = at % (line.length + 1);
      return line.slice(0, cut) + put + line.slice(cut + 1);
    })
    // Half of a surrogate pair cannot be written as UTF-8.
    .filter((line) => Buffer.from(line).toString() === line)
    // Damage to a star makes two names of one symbol, which no compiler writes.
    .filter((line) => !line.includes('*'));
  fc.assert(
    fc.property(fc.array(damaged, { maxLength: 8 }), (lines) => {
      const whole = lines.map((line) => `${line}\n`).join('');
      expect(factsOf(whole)).toEqual(naive(lines.map((line) => parseRecord(line))));
    }),
    { numRuns: 500 },
  );
});

test('a dump that does not end at a line end is cut off at its last line', () => {
  const prefix = fc.tuple(fc.array(printed, { minLength: 1, maxLength: 8 }), fc.nat());
  fc.assert(
    fc.property(prefix, ([all, at]) => {
      const whole = Buffer.from(all.map(print).join(''));
      const cut = whole.subarray(0, 1 + (at % whole.length));
      fc.pre(cut.at(-1) !== 0x0a);
      const { lines, problems } = factsOf(cut);
      expect(problems).toEqual([{ line: lines, what: expect.stringContaining('middle of a line') }]);
    }),
    { numRuns: 400 },
  );
});
