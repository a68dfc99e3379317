import type { Database } from 'better-sqlite3';
import type { KernelIdentity } from '../kernel/identity.js';
import type { Switches } from '../kernel/switches.js';
import type { LoadedImages } from './image-files.js';

/** Which kernel the build is, as its linked objects and its configuration say. */
export function writeKernel(
  db: Database,
  build: number,
  { release, vermagic, buildId, abi, config }: KernelIdentity,
): void {
  for (const table of ['kernel', 'config']) db.prepare(`DELETE FROM ${table} WHERE build = ?`).run(build);
  db.prepare(
    'INSERT INTO kernel (build, release, vermagic, build_id, abi, config) VALUES (?, ?, ?, ?, ?, ?)',
  ).run(build, release, vermagic, buildId, abi ?? abiOfUnits(db, build), config?.path);
  const option = db.prepare('INSERT INTO config VALUES (?, ?, ?)');
  for (const [name, value] of config?.values ?? []) option.run(build, name, value);
}

/** How the build was compiled. */
export function writeSwitches(db: Database, build: number, switches: Switches | undefined): void {
  const passes = [...(switches?.passes ?? [])].map(([name, state]) => `${name} ${state}`).join(', ');
  db.prepare('UPDATE kernel SET producer = ?, passes = ? WHERE build = ?').run(
    switches?.compiler,
    passes,
    build,
  );
}

/** What most objects are for, where no linked one was read. */
function abiOfUnits(db: Database, build: number): string | undefined {
  return db
    .prepare(
      'SELECT abi FROM unit WHERE build = ? AND abi IS NOT NULL GROUP BY abi ORDER BY count(*) DESC, abi LIMIT 1',
    )
    .pluck()
    .get(build) as string | undefined;
}

/** Linked objects of another kernel than the build's others, and debug files of others. */
export function writeForeign(
  db: Database,
  build: number,
  { foreign, foreignDebug }: Pick<LoadedImages, 'foreign' | 'foreignDebug'>,
): void {
  const codes = "'image-other-kernel', 'debug-other-build'";
  db.prepare(`DELETE FROM problem WHERE build = ? AND code IN (${codes})`).run(build);
  const insert = db.prepare('INSERT INTO problem VALUES (?, NULL, ?, ?, NULL, ?, ?, 0)');
  for (const { file, says, other } of foreign)
    insert.run(build, 'image-other-kernel', file, other, says.trim());
  for (const { file, what, image } of foreignDebug) insert.run(build, 'debug-other-build', file, image, what);
}
