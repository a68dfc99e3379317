import fc from 'fast-check';
import { expect, test } from 'vitest';
import { each, jsonDocument, jsonObjects, jsonRows } from '../../src/report/json-stream.js';
import { text } from './answers.js';

test('rows stand on a line each, objects on several, other values on one', () => {
  const document = {
    format: 'x',
    counts: { a: 1, b: [2] },
    none: jsonRows([]),
    units: jsonObjects([
      { name: 'u', members: jsonRows([{ n: 1 }, { n: null }]) },
      { name: 'v', members: jsonRows([]) },
    ]),
  };
  expect(text(jsonDocument(document))).toBe(`{
  "format": "x",
  "counts": {"a":1,"b":[2]},
  "none": [],
  "units": [
    {
      "name": "u",
      "members": [
        {"n":1},
        {"n":null}
      ]
    },
    {
      "name": "v",
      "members": []
    }
  ]
}
`);
});

test('whatever the values are, what is read is what was written', () => {
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.string(), (values, name) => {
      const objects = values.map((value) => ({ value, rows: jsonRows(values) }));
      const read = JSON.parse(text(jsonDocument({ [name]: jsonRows(values), '.': jsonObjects(objects) })));
      expect(read).toEqual(
        JSON.parse(JSON.stringify({ [name]: values, '.': values.map((value) => ({ value, rows: values })) })),
      );
    }),
  );
});

test('an item is made when it is written', () => {
  const made: number[] = [];
  const rows = each([1, 2, 3], (n) => {
    made.push(n);
    return n;
  });
  for (const piece of jsonDocument({ rows: jsonRows(rows) })) if (piece.endsWith('2')) break;
  expect(made).toEqual([1, 2]);
});
