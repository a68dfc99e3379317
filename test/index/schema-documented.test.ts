import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { INDEXES, SCHEMA_VERSION, TABLES, VIEWS } from '../../src/index/schema.js';

const text = readFileSync(fileURLToPath(new URL('../../docs/index-schema.md', import.meta.url)), 'utf8');

const db = new Database(':memory:');
db.exec(TABLES + INDEXES + VIEWS);

function named(type: 'table' | 'view' | 'index'): string[] {
  const sql = 'SELECT name FROM sqlite_schema WHERE type = ? AND sql IS NOT NULL ORDER BY name';
  return db.prepare(sql).pluck().all(type) as string[];
}

/** Name -> what is written under its heading, of one part of the document. */
function sections(part: string): Map<string, string> {
  const found = new Map<string, string>();
  const [, ...rest] = text.split(`\n## ${part}\n`)[1]!.split(/\n## /)[0]!.split('\n### ');
  for (const section of rest) {
    const [heading, ...lines] = section.split('\n');
    for (const name of heading!.split(', ')) found.set(name, lines.join('\n'));
  }
  return found;
}

describe('docs/index-schema.md', () => {
  test('has the version', () => {
    expect(text).toContain(`\`PRAGMA user_version\` is the schema's version: **${SCHEMA_VERSION}**`);
  });

  test.each([
    ['Views', 'view'],
    ['Tables', 'table'],
  ] as const)('%s: all that there are, with every column', (part, type) => {
    const described = sections(part);
    expect([...described.keys()].sort()).toEqual(named(type));
    for (const [name, section] of described) {
      const columns = db.prepare('SELECT name FROM pragma_table_info(?)').pluck().all(name) as string[];
      const common = type === 'view' ? ['build', 'unit'] : [];
      const missing = columns.filter(
        (column) => !common.includes(column) && !new RegExp(`[\`.]${column}\``).test(section),
      );
      expect(missing, name).toEqual([]);
    }
  });

  test('names the SQL indexes', () => {
    const section = text.split('\n## SQL indexes\n')[1]!;
    const said = [...section.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    expect(said.sort()).toEqual(named('index'));
  });

  test('asks nothing that SQLite refuses', () => {
    const blocks = [...text.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql!.replace(/^\..*$/m, ''));
    const statements = blocks.flatMap((sql) => sql.replaceAll(/^--.*$/gm, '').split(/;\s*$/m));
    const asked = statements.map((sql) => sql.trim()).filter((sql) => sql !== '');
    expect(asked.length).toBeGreaterThan(10);
    for (const sql of asked) expect(() => db.prepare(sql), sql).not.toThrow();
  });
});
