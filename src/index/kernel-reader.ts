import type { Database } from 'better-sqlite3';
import type { KernelIdentity } from '../kernel/identity.js';

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

function optionsOf(db: Database, build: string): Map<string, string> {
  const rows = db
    .prepare('SELECT c.name, c.value FROM config c JOIN build b ON b.id = c.build WHERE b.name = ?')
    .raw()
    .all(build) as [string, string][];
  return new Map(rows);
}
