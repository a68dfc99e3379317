import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCallgraphInfo } from '../../src/callgraph/ci.js';
import { InputError } from '../../src/errors.js';
import { callRows, functionRows } from './call-rows.js';

const parse = (...lines: string[]) =>
  parseCallgraphInfo(Buffer.from(lines.map((l) => `${l}\n`).join('')), 'a.ci');
const graph = (...lines: string[]) => parse('graph: { title: "a.c"', ...lines, '}');

describe('a call graph', () => {
  const facts = graph(
    'node: { title: "a.c:rec" label: "rec\\na.c:5:38" }',
    'node: { title: "ext" label: "ext\\n./include/ext.h:3:5" shape : ellipse }',
    'edge: { sourcename: "a.c:rec" targetname: "ext" label: "a.c:5:62" }',
    'edge: { sourcename: "a.c:rec" targetname: "a.c:rec" label: "a.c:5:70" }',
    'node: { title: "a.c:cp.constprop.0" label: "cp.constprop\\na.c:4:38" }',
    'edge: { sourcename: "a.c:cp.constprop.0" targetname: "ext" label: "a.c:4:79" }',
    'node: { title: "top" label: "top\\na.c:6:5" }',
    'edge: { sourcename: "top" targetname: "a.c:cp.constprop.0" label: "a.c:6:25" }',
    'edge: { sourcename: "top" targetname: "later" label: "a.c:6:30" }',
    'node: { title: "__indirect_call" label: "Indirect Call Placeholder" shape : ellipse }',
    'edge: { sourcename: "top" targetname: "__indirect_call" label: "a.c:6:33" }',
    'edge: { sourcename: "top" targetname: "a.c:cp.constprop.0" label: "a.c:6:40" }',
    'node: { title: "later" label: "later\\na.c:9:5" }',
  );

  test('functions are those that the unit emits, by assembler name, where they are declared', () => {
    expect(functionRows(facts)).toEqual([
      'rec a.c:5:38',
      'cp.constprop.0 a.c:4:38',
      'top a.c:6:5',
      'later a.c:9:5',
    ]);
  });

  test('a call is counted once a pair, and what is called through a pointer is not known', () => {
    expect(callRows(facts)).toEqual([
      'cp.constprop.0 -> ext',
      'rec -> ext',
      'rec -> rec',
      'top -> cp.constprop.0 x2',
      'top -> later',
    ]);
    expect(facts.names).not.toContain('__indirect_call');
  });
});

test('names that the source gave with asm("...") lose the compiler\'s mark', () => {
  const facts = graph(
    'node: { title: "*def_asm" label: "defren\\na.c:22:5" }',
    'node: { title: "a.c:*sren" label: "sr\\na.c:23:5" }',
    'edge: { sourcename: "*def_asm" targetname: "a.c:*sren" }',
    'edge: { sourcename: "a.c:*sren" targetname: "*other" label: "a.c:1:1" }',
  );
  expect(callRows(facts)).toEqual(['def_asm -> sren', 'sren -> other']);
});

test('a builtin is called by its assembler name, and calls that expansion makes have no place', () => {
  const facts = graph(
    'node: { title: "copy" label: "copy\\na.c:9:6" }',
    'node: { title: "memcpy" label: "__builtin_memcpy\\n<built-in>" shape : ellipse }',
    'edge: { sourcename: "copy" targetname: "memcpy" }',
  );
  expect(callRows(facts)).toEqual(['copy -> memcpy']);
});

test('a static function without a node (an alias) is called by its name', () => {
  const facts = graph(
    'node: { title: "f" label: "f\\na.c:1:1" }',
    'edge: { sourcename: "f" targetname: "a.c:folded" label: "a.c:1:9" }',
  );
  expect(callRows(facts)).toEqual(['f -> folded']);
  expect(functionRows(facts)).toEqual(['f a.c:1:1']);
});

test('a function of the compiler is declared nowhere', () => {
  expect(functionRows(graph('node: { title: "f" label: "f\\n<built-in>" }'))).toEqual(['f <built-in>:0:0']);
});

test.each([
  ['f\\na.c:8:5\\n16 bytes (static)', 'f a.c:8:5'],
  ['f\\na.c:8:5\\n16 bytes (dynamic,bounded)\\n0 dynamic objects', 'f a.c:8:5'],
  ['f\\na.c:8:5\\n16 bytes (dynamic)\\n2 dynamic objects\\n b a.c:9:21\\n c a.c:10:21', 'f a.c:8:5'],
  ['f\\na.c:8:5\\n1 dynamic objects\\n b a.c:9:21', 'f a.c:8:5'],
  ['f\\n<built-in>\\n16 bytes (static)\\n0 dynamic objects', 'f <built-in>:0:0'],
  ['f\\nd\\nir/q\\n.c:8:5\\n16 bytes (static)', 'f d\\nir/q\\n.c:8:5'],
])('-fcallgraph-info=su,da adds lines to a label: %s', (label, row) => {
  expect(functionRows(graph(`node: { title: "f" label: "${label}" }`))).toEqual([row]);
});

test('GCC escapes nothing, and leaves quotes out of titles', () => {
  const facts = parse(
    'graph: { title: "we"ird: d;r/q.c"',
    'node: { title: "weird: d;r/q.c:loc" label: "loc\\nwe"ird: d;r/q.c:3:38" }',
    'node: { title: "ext" label: "ext\\nwe"ird: d;r/h.h:2:12" shape : ellipse }',
    'edge: { sourcename: "weird: d;r/q.c:loc" targetname: "ext" label: "we"ird: d;r/q.c:3:56" }',
    '}',
  );
  expect(functionRows(facts)).toEqual(['loc we"ird: d;r/q.c:3:38']);
  expect(callRows(facts)).toEqual(['loc -> ext']);
});

test('names outside of ASCII are UTF-8', () => {
  const facts = graph(
    'node: { title: "grüße" label: "grüße\\nä.c:1:5" }',
    'edge: { sourcename: "grüße" targetname: "naïve" label: "ä.c:1:9" }',
  );
  expect(callRows(facts)).toEqual(['grüße -> naïve']);
  expect(functionRows(facts)).toEqual(['grüße ä.c:1:5']);
});

test('a unit without functions has an empty graph', () => {
  expect(graph().names).toEqual([]);
});

describe('what is no whole graph is an error with its place', () => {
  const NODE = 'node: { title: "f" label: "f\\na.c:1:1" }';
  const EDGE = 'edge: { sourcename: "f" targetname: "g" label: "a.c:1:1" }';
  test.each([
    ['an empty file', '', 'a.ci:1: is empty'],
    ['another file', '\x7fELF\n', 'a.ci:1: is no call graph'],
    ['no end', `graph: { title: "a.c"\n${NODE}\n`, 'a.ci:3: the graph has no end'],
    ['a cut edge', `graph: { title: "a.c"\n${NODE}\n${EDGE.slice(0, -9)}`, 'a.ci:3: is no whole edge'],
    ['a cut node', `graph: { title: "a.c"\n${NODE.slice(0, -2)}\n}\n`, 'a.ci:2: is no whole node'],
    [
      'a node without a place',
      'graph: { title: "a.c"\nnode: { title: "f" label: "f" }\n}\n',
      'a.ci:2: is a node without',
    ],
    [
      'an odd place',
      'graph: { title: "a.c"\nnode: { title: "f" label: "f\\na.c:1" }\n}\n',
      'a.ci:2: is a node without',
    ],
    ['an unknown record', 'graph: { title: "a.c"\nleaf: { }\n}\n', 'a.ci:2: is neither'],
    ['more behind the end', `graph: { title: "a.c"\n}\n${NODE}\n`, 'a.ci:3: there is text behind'],
  ])('%s', (_, text, message) => {
    const read = () => parseCallgraphInfo(Buffer.from(text), 'a.ci');
    expect(read).toThrow(InputError);
    expect(read).toThrow(message);
  });

  const whole = Buffer.from(`graph: { title: "a.c"\n${NODE}\n${EDGE}\n${NODE.replaceAll('f', 'h')}\n}\n`);
  test('every cut-off graph', () => {
    // Without the last newline all is said.
    for (let length = 0; length < whole.length - 1; length++) {
      expect(() => parseCallgraphInfo(whole.subarray(0, length), 'a.ci')).toThrow(InputError);
    }
  });

  test('any damage ends in a table or an InputError', () => {
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(8), fc.uint8Array({ maxLength: 8 }), (at, drop, put) => {
        const damaged = Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + drop)]);
        try {
          const facts = parseCallgraphInfo(damaged, 'a.ci');
          expect(Math.max(-1, ...facts.callCallee, ...facts.functionName)).toBeLessThan(facts.names.length);
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
