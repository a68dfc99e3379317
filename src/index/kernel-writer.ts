import type { Database } from 'better-sqlite3';
import type { ForeignImage, KernelIdentity } from '../kernel/identity.js';

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

/** What most objects are for, where no linked one was read. */
function abiOfUnits(db: Database, build: number): string | undefined {
  return db
    .prepare(
      'SELECT abi FROM unit WHERE build = ? AND abi IS NOT NULL GROUP BY abi ORDER BY count(*) DESC, abi LIMIT 1',
    )
    .pluck()
    .get(build) as string | undefined;
}

/** Linked objects of another kernel than the build's others. */
export function writeForeign(db: Database, build: number, foreign: readonly ForeignImage[]): void {
  db.prepare("DELETE FROM problem WHERE build = ? AND code = 'image-other-kernel'").run(build);
  const insert = db.prepare("INSERT INTO problem VALUES (?, NULL, 'image-other-kernel', ?, NULL, ?, ?, 0)");
  for (const { file, says, other } of foreign) insert.run(build, file, other, says.trim());
}
