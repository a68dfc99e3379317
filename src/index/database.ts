import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import { InputError } from '../errors.js';
import { APPLICATION_ID, SCHEMA_VERSION, TABLES, VIEWS } from './schema.js';
import { checkSeal, hasSeal, seal } from './seal.js';

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
  if (existsSync(journalOf(file))) undoHalfDone(file, wait, false);
  const db = open(file, { readonly: true, fileMustExist: true, timeout: wait });
  try {
    if (!isOurs(db, file)) {
      throw new InputError(file, 'the index is empty', 'fill it with: klp-reach index PATH');
    }
    isSealed(db, file, wait, false);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** @throws InputError if the index is not what was written */
function isSealed(db: Database.Database, file: string, wait: number, whole: boolean): boolean {
  // In a transaction that has read something no other process can write.
  const check = db.transaction(() => {
    db.prepare('SELECT 1 FROM sqlite_schema').get();
    return checkSeal(file, whole);
  });
  return locked(file, wait, () => check());
}

/**
 * Whether an index is what was written: its seal, where nothing else has changed it since, and what SQLite itself can
 * tell.
 *
 * @throws InputError if it is not
 */
export function verifyIndex(file: string, wait = DEFAULT_WAIT): { readonly isSealed: boolean } {
  const db = openForReading(file, wait);
  try {
    const said = locked(file, wait, () => db.pragma('integrity_check(1)', { simple: true }) as string);
    if (said !== 'ok') throw damaged(file, said);
    return { isSealed: isSealed(db, file, wait, true) };
  } finally {
    db.close();
  }
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
  try {
    const wasSealed = isOurs(db, file) && isSealed(db, file, wait, true);
    // Whole tables are filled with ids that the writer itself handed out: it need not be asked about each row.
    db.pragma('foreign_keys = OFF');
    db.pragma('cache_size = -32768');
    locked(file, wait, () => db.exec('BEGIN IMMEDIATE'));
    // Only now: while this one waited, another process may have made the index.
    const fresh = !isOurs(db, file);
    if (fresh) {
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${SCHEMA_VERSION}`);
      db.exec(TABLES);
      db.exec(VIEWS);
    }
    const opened = identityOf(file);
    return {
      db,
      fresh,
      commit: () => {
        if (identityOf(file) !== opened) {
          throw new InputError(
            file,
            'was deleted or replaced while it was written, so that nobody would see what was',
            'index again',
          );
        }
        locked(file, wait, () => db.exec('COMMIT'));
        sealFile(db, file);
        db.close();
      },
      abandon: () => {
        if (db.inTransaction) db.exec('ROLLBACK');
        // What was written on the way took the place of the seal.
        if (wasSealed && identityOf(file) === opened && !hasSeal(file)) sealFile(db, file);
        db.close();
        // Who waits for its turn has the file open, and would fill one that is in no folder any more.
        if (!existed && fresh && identityOf(file) === opened && whoHolds(file) === '')
          rmSync(file, { force: true });
      },
    };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The file's change counter (fileformat2.html, 1.3.6): another one after each change; undefined where there is no index. */
export function changesOf(file: string): number | undefined {
  return safely(() => {
    const head = Buffer.alloc(28);
    const descriptor = openSync(file, 'r');
    try {
      return readSync(descriptor, head) === head.length ? head.readUInt32BE(24) : undefined;
    } finally {
      closeSync(descriptor);
    }
  }, undefined);
}

/** What a change can take away that was there before. */
export interface Before {
  readonly existed: boolean;
  readonly wasSealed: boolean;
}

export function beforeChange(file: string): Before {
  const existed = existsSync(file);
  return { existed, wasSealed: existed && safely(() => hasSeal(file), false) };
}

/** Takes back what a change that was stopped in the middle had begun; leaves no file where there was none. */
export function undoStopped(file: string, { existed, wasSealed }: Before, wait = DEFAULT_WAIT): void {
  if (!existsSync(file)) return;
  // The change looked at the whole file before it wrote to it.
  if (existsSync(journalOf(file))) undoHalfDone(file, wait, wasSealed);
  const isEmpty = safely(() => statSync(file).size, 1) === 0;
  if (!existed && isEmpty && whoHolds(file) === '') rmSync(file, { force: true });
}

/** Which file a name means: undefined for none. */
function identityOf(file: string): string | undefined {
  const stat = statSync(file, { bigint: true, throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}

/** Under the lock that keeps other writers away; if one of them was faster, it seals what it wrote. */
function sealFile(db: Database.Database, file: string): void {
  try {
    db.exec('BEGIN IMMEDIATE');
  } catch (error) {
    if (String((error as { code?: string }).code).startsWith('SQLITE_BUSY')) return;
    throw error;
  }
  seal(file);
  db.exec('ROLLBACK');
}

/** SQLite's rollback journal: there while a change is made, and left behind by one that was killed. */
function journalOf(file: string): string {
  return `${file}-journal`;
}

/** Lets SQLite roll back a change that was killed while it wrote, which a connection for reading must not do. */
function undoHalfDone(file: string, wait: number, isToSeal: boolean): void {
  const db = open(file, { fileMustExist: true, timeout: wait });
  try {
    if (isOurs(db, file) && isToSeal && !hasSeal(file)) sealFile(db, file);
  } finally {
    db.close();
  }
}

function open(file: string, options: Database.Options): Database.Database {
  if (isOtherFile(file)) throw notOurs(file);
  try {
    // SQLite takes '' and ':memory:' for databases that are gone at the end.
    return new Database(resolve(file), options);
  } catch (error) {
    const why = `cannot be opened (${(error as Error).message})`;
    throw (
      addonRefusal(error) ??
      refusalOf(error, file) ??
      new InputError(file, why, 'check the path given with --db')
    );
  }
}

/** SQLite itself takes a file of some bytes for an empty database, and would write over it. */
function isOtherFile(file: string): boolean {
  const stat = safely(() => statSync(file), undefined);
  if (stat === undefined) return false;
  if (!stat.isFile()) return true;
  if (stat.size === 0 || existsSync(journalOf(file))) return false;
  return safely(() => headOf(file) !== 'SQLite format 3\0', false);
}

function headOf(file: string): string {
  const head = Buffer.alloc(16);
  const descriptor = openSync(file, 'r');
  try {
    return head.toString('latin1', 0, readSync(descriptor, head));
  } finally {
    closeSync(descriptor);
  }
}

/** False for an empty file; anything that is neither empty nor an index of this version is refused. */
function isOurs(db: Database.Database, file: string): boolean {
  // In one transaction: between two reads another process may make the index.
  const read = db.transaction(() => ({
    applicationId: db.pragma('application_id', { simple: true }),
    version: db.pragma('user_version', { simple: true }) as number,
    tables: db.prepare('SELECT count(*) FROM sqlite_master').pluck().get(),
  }));
  const wait = db.pragma('busy_timeout', { simple: true }) as number;
  const { applicationId, version, tables } = locked(file, wait, () => read());
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
    if (!code.startsWith('SQLITE_BUSY') && !code.startsWith('SQLITE_LOCKED')) {
      throw refusalOf(error, file) ?? error;
    }
    const holders = whoHolds(file);
    throw new InputError(
      file,
      `the index is still locked after ${wait / 1000} s${holders === '' ? '' : ` (open in ${holders})`}`,
      'another klp-reach index, sqlite3 or datasette may be writing to it: wait for it or stop it',
    );
  }
}

/** What SQLite refuses of an index, and what to do; undefined for what is no fault of the file. */
export function refusalOf(error: unknown, file: string): InputError | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (!(error instanceof Error) || typeof code !== 'string' || !code.startsWith('SQLITE_')) return undefined;
  const kind = code.split('_')[1];
  switch (kind) {
    case 'NOTADB':
      return notOurs(file);
    case 'CORRUPT':
      return damaged(file);
    case 'FULL':
      return new InputError(file, 'the disk is full', 'make room and index again');
    case 'BUSY':
    case 'LOCKED':
      return new InputError(
        file,
        'the index is locked',
        'wait for who writes to it, or give it longer with --wait',
      );
    case 'READONLY':
      return new InputError(file, `cannot be written (${error.message})`, 'check its permissions');
    case 'CANTOPEN':
      return new InputError(
        file,
        `cannot be opened (${error.message})`,
        'check the path given with --db, and its permissions',
      );
    case 'IOERR':
      return new InputError(file, `cannot be read or written (${error.message}, ${code})`, 'check its disk');
    default:
      return undefined;
  }
}

/** SQLite itself is machine code that npm brings along, or compiles (better-sqlite3, lib/database.js). */
function addonRefusal(error: unknown): InputError | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ERR_DLOPEN_FAILED' && !/bindings file|\.node\b/.test(message)) return undefined;
  const [why] = message.split('\n') as [string];
  return new InputError(
    '',
    `SQLite cannot be loaded into Node ${process.version}, as better-sqlite3's machine code is missing or another Node's (${why})`,
    'install klp-reach again with this Node and let npm run its install scripts, or say: npm rebuild better-sqlite3',
  );
}

function damaged(file: string, said = ''): InputError {
  const more = said === '' ? '' : ` (${said})`;
  return new InputError(file, `the index is damaged${more}`, 'delete it and index the build again');
}

/** Linux tells which processes have a file open; elsewhere nothing is known. */
function whoHolds(file: string): string {
  const holders: string[] = [];
  const real = safely(() => realpathSync(file), file);
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
