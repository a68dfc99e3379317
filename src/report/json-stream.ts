/** An object whose members stand on a line each. */
export interface JsonObject {
  readonly [name: string]: unknown;
}

/** A list that is written item by item, so that no document has to fit in one string. */
class JsonList {
  readonly items: Iterable<unknown>;
  /** Whether an item is one line; otherwise a {@link JsonObject}. */
  readonly rows: boolean;

  constructor(items: Iterable<unknown>, rows: boolean) {
    this.items = items;
    this.rows = rows;
  }
}

/** A list of values, a line each. */
export function jsonRows(items: Iterable<unknown>): JsonList {
  return new JsonList(items, true);
}

/** A list of objects, each over several lines. */
export function jsonObjects(items: Iterable<JsonObject>): JsonList {
  return new JsonList(items, false);
}

/** The items one by one, each made only when it is written. */
export function* each<T, U>(items: Iterable<T>, make: (item: T) => U): Generator<U> {
  for (const item of items) yield make(item);
}

/** A JSON document in pieces: the lists above over several lines, every other value on one. */
export function* jsonDocument(document: JsonObject): Generator<string> {
  yield* objectText(document, '');
  yield '\n';
}

function* objectText(object: JsonObject, indent: string): Generator<string> {
  let before = '{\n';
  for (const [name, value] of Object.entries(object)) {
    yield `${before}${indent}  ${JSON.stringify(name)}: `;
    if (value instanceof JsonList) yield* listText(value, `${indent}  `);
    else yield JSON.stringify(value);
    before = ',\n';
  }
  yield `\n${indent}}`;
}

function* listText({ items, rows }: JsonList, indent: string): Generator<string> {
  let before = '[\n';
  for (const item of items) {
    if (rows) yield `${before}${indent}  ${JSON.stringify(item)}`;
    else {
      yield `${before}${indent}  `;
      yield* objectText(item as JsonObject, `${indent}  `);
    }
    before = ',\n';
  }
  yield before === '[\n' ? '[]' : `\n${indent}]`;
}
