import Database from 'better-sqlite3';
import { afterEach, expect, test, vi } from 'vitest';
import { openForReading } from '../../src/index/database.js';
import { APPLICATION_ID, SCHEMA_VERSION } from '../../src/index/schema.js';
import { newIndex } from '../helpers/workplace.js';

afterEach(() => vi.restoreAllMocks());

test('an index that another process makes between two looks at the file is not taken for a strange file', () => {
  const db = newIndex();
  new Database(db).close();
  const other = new Database(db, { timeout: 0 });
  const pragma = Database.prototype.pragma;
  let made = 0;
  vi.spyOn(Database.prototype, 'pragma').mockImplementation(function (this: Database.Database, ...args) {
    const said = pragma.apply(this, args);
    if (this !== other && args[0] === 'application_id') {
      made++;
      try {
        const sql = `BEGIN IMMEDIATE; PRAGMA application_id = ${APPLICATION_ID};
          PRAGMA user_version = ${SCHEMA_VERSION}; CREATE TABLE build (id); COMMIT`;
        other.exec(sql);
      } catch {
        other.exec('ROLLBACK');
      }
    }
    return said;
  });
  expect(() => openForReading(db, 0)).toThrow('the index is empty');
  expect(made).toBe(1);
  other.close();
});
