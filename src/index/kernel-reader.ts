import type { Database } from 'better-sqlite3';
import type { KernelIdentity } from '../kernel/identity.js';
import type { PassState, Switches } from '../kernel/switches.js';

interface KernelRow {
  readonly release: string | null;
  readonly vermagic: string | null;
  readonly buildId: string | null;
  readonly abi: string | null;
  readonly config: string | null;
}

/** Which kernel a build is. */
export function readKernel(db: Database, build: string): KernelIdentity {
  const row = db
    .prepare(
      `SELECT k.release, k.vermagic, k.build_id AS buildId, k.abi, k.config
       FROM kernel k JOIN build b ON b.id = k.build WHERE b.name = ?`,
    )
    .get(build) as KernelRow | undefined;
  if (!row) return {};
  const { config, ...told } = row;
  const known = Object.fromEntries(Object.entries(told).filter(([, value]) => value !== null));
  return { ...known, ...(config !== null && { config: { path: config, values: optionsOf(db, build) } }) };
}

/** How a build was compiled; undefined where no object records it. */
export function readSwitches(db: Database, build: string): Switches | undefined {
  const row = db
    .prepare(
      'SELECT k.producer, k.passes FROM kernel k JOIN build b ON b.id = k.build WHERE b.name = ? AND k.producer IS NOT NULL',
    )
    .get(build) as { producer: string; passes: string } | undefined;
  if (!row) return undefined;
  const passes = row.passes.split(', ').map((pass) => pass.split(' ') as [string, PassState]);
  return { compiler: row.producer, passes: new Map(passes) };
}

/** How many functions of a build are known to be folded into others. */
export function countFolds(db: Database, build: string): number {
  return db
    .prepare(
      `SELECT count(*) FROM (SELECT DISTINCT f.unit, f.folded FROM fold f JOIN unit u ON u.id = f.unit
       JOIN build b ON b.id = u.build WHERE b.name = ?)`,
    )
    .pluck()
    .get(build) as number;
}

function optionsOf(db: Database, build: string): Map<string, string> {
  const rows = db
    .prepare('SELECT c.name, c.value FROM config c JOIN build b ON b.id = c.build WHERE b.name = ?')
    .raw()
    .all(build) as [string, string][];
  return new Map(rows);
}
