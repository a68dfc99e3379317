import Database from 'better-sqlite3';

export type Row = Readonly<Record<string, unknown>>;

/** What a person with sqlite3 would read. */
export function query(db: string, sql: string): Row[] {
  const opened = new Database(db, { readonly: true });
  try {
    return opened.prepare(sql).all() as Row[];
  } finally {
    opened.close();
  }
}

/** The values of a query's only column. */
export function column(db: string, sql: string): unknown[] {
  return query(db, sql).map((row) => Object.values(row)[0]);
}

/** The index in words: every row of every view, sorted, and the words themselves, without ids and times. */
export function logical(db: string): Record<string, readonly string[]> {
  const views = column(db, "SELECT name FROM sqlite_schema WHERE type = 'view' ORDER BY name") as string[];
  const rows = (sql: string) =>
    query(db, sql)
      .map((row) => JSON.stringify(row))
      .sort();
  return {
    ...Object.fromEntries(views.map((view) => [view, rows(`SELECT * FROM "${view}"`)])),
    names: rows('SELECT text FROM name'),
    paths: rows('SELECT text FROM path'),
  };
}

/** What is wrong with the file as a database: nothing, if it is sound. */
export function faults(db: string): unknown[] {
  const integrity = column(db, 'PRAGMA integrity_check');
  return [...integrity.filter((said) => said !== 'ok'), ...query(db, 'PRAGMA foreign_key_check')];
}
