import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs';
import Database from 'better-sqlite3';
import { InputError } from '../errors.js';
import { APPLICATION_ID, SCHEMA_VERSION, TABLES, VIEWS } from './schema.js';

/** How long to wait for a locked index before giving up, in milliseconds. */
export const DEFAULT_WAIT = 10_000;

/** Opens an index for questions. */
export function openForReading(file: string, wait = DEFAULT_WAIT): Database.Database {
  if (!existsSync(file)) {
    throw new InputError(
      file,
      'there is no such index',
      'make one with: klp-reach index PATH, or name one with --db',
    );
  }
  const db = open(file, { readonly: true, fileMustExist: true, timeout: wait });
  if (!isOurs(db, file)) {
    db.close();
    throw new InputError(file, 'the index is empty', 'fill it with: klp-reach index PATH');
  }
  return db;
}

/** An index opened for one all-or-nothing change. */
export interface Change {
  readonly db: Database.Database;
  /** Whether the file held no index before: secondary indexes are made at the end then. */
  readonly fresh: boolean;
  commit(): void;
  /** Leaves the file as it was, or no file where there was none. */
  abandon(): void;
}

/**
 * Opens or makes an index and begins a change.
 *
 * The change is one SQLite transaction over a rollback journal, so whatever kills the process, the next to open the
 * file sees the old index or the new one.
 */
export function beginChange(file: string, wait = DEFAULT_WAIT): Change {
  const existed = existsSync(file);
  const db = open(file, { timeout: wait });
  const undoFile = () => {
    db.close();
    if (!existed) rmSync(file, { force: true });
  };
  try {
    const fresh = !isOurs(db, file);
    // Whole tables are filled with ids that the writer itself handed out: it need not be asked about each row.
    db.pragma('foreign_keys = OFF');
    db.pragma('cache_size = -98304');
    locked(file, wait, () => db.exec('BEGIN IMMEDIATE'));
    if (fresh) {
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${SCHEMA_VERSION}`);
      db.exec(TABLES);
      db.exec(VIEWS);
    }
    return {
      db,
      fresh,
      commit: () => {
        locked(file, wait, () => db.exec('COMMIT'));
        db.close();
      },
      abandon: () => {
        if (db.inTransaction) db.exec('ROLLBACK');
        undoFile();
      },
    };
  } catch (error) {
    undoFile();
    throw error;
  }
}

function open(file: string, options: Database.Options): Database.Database {
  if (existsSync(file) && !statSync(file).isFile()) throw notOurs(file);
  try {
    return new Database(file, options);
  } catch (error) {
    throw new InputError(
      file,
      `cannot be opened (${(error as Error).message})`,
      'check the path given with --db',
    );
  }
}

/** False for an empty file; anything that is neither empty nor an index of this version is refused. */
function isOurs(db: Database.Database, file: string): boolean {
  const [applicationId, version, tables] = locked(
    file,
    db.pragma('busy_timeout', { simple: true }) as number,
    () => [
      db.pragma('application_id', { simple: true }),
      db.pragma('user_version', { simple: true }) as number,
      db.prepare('SELECT count(*) FROM sqlite_master').pluck().get(),
    ],
  );
  if (applicationId === 0 && tables === 0) return false;
  if (applicationId !== APPLICATION_ID) throw notOurs(file);
  if (version !== SCHEMA_VERSION) {
    throw new InputError(
      file,
      `is an index of version ${version}, and this klp-reach reads version ${SCHEMA_VERSION}`,
      version > SCHEMA_VERSION ? 'use a newer klp-reach' : 'index the build again into a new file',
    );
  }
  return true;
}

function notOurs(file: string): InputError {
  return new InputError(file, 'is no klp-reach index', 'name one with --db, or a new file to make one');
}

/** Runs a step that may find the index locked or find that it is no database. */
function locked<T>(file: string, wait: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    if (code === 'SQLITE_NOTADB') throw notOurs(file);
    if (code.startsWith('SQLITE_CORRUPT')) {
      throw new InputError(file, 'the index is damaged', 'delete it and index the build again');
    }
    if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN')) {
      throw new InputError(file, `cannot be written (${(error as Error).message})`, 'check its permissions');
    }
    if (!code.startsWith('SQLITE_BUSY') && !code.startsWith('SQLITE_LOCKED')) throw error;
    const holders = whoHolds(file);
    throw new InputError(
      file,
      `the index is still locked after ${wait / 1000} s${holders === '' ? '' : ` (open in ${holders})`}`,
      'another klp-reach index, sqlite3 or datasette may be writing to it: wait for it or stop it',
    );
  }
}

/** Linux tells which processes have a file open; elsewhere nothing is known. */
function whoHolds(file: string): string {
  const holders: string[] = [];
  const real = realpathSync(file);
  for (const pid of safely(() => readdirSync('/proc'), [])) {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) continue;
    const opened = safely(() => readdirSync(`/proc/${pid}/fd`), []).some(
      (fd) => safely(() => readlinkSync(`/proc/${pid}/fd/${fd}`), '') === real,
    );
    if (opened)
      holders.push(`${safely(() => readFileSync(`/proc/${pid}/comm`, 'utf8').trim(), '?')}, pid ${pid}`);
  }
  return holders.join('; ');
}

function safely<T>(ask: () => T, otherwise: T): T {
  try {
    return ask();
  } catch {
    return otherwise;
  }
}
