/** Running programs for their time and memory, and what to make of the figures. */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const TIME = '/usr/bin/time';

/**
 * Runs a program to its end with its output thrown away.
 *
 * @returns {Promise<{ seconds: number, cpu: number, peakBytes: number }>} wall time, processor time of all its threads
 *   (wall time where there is no `time` to tell), and the most memory that was resident
 */
export async function run(program, args) {
  const directory = mkdtempSync(join(tmpdir(), 'klp-reach-bench-'));
  const report = join(directory, 'peak');
  const timed = existsSync(TIME);
  const start = process.hrtime.bigint();
  const child = timed
    ? spawn(TIME, ['-f', '%M %U %S', '-o', report, program, ...args], STDIO)
    : spawn(program, args, STDIO);
  // Without `time`, /proc is asked until the process is gone: VmHWM only grows, so little is missed.
  let polled = 0;
  const poll = timed ? undefined : setInterval(() => (polled = peakOf(child.pid) ?? polled), 10);
  const errors = [];
  child.stderr.on('data', (chunk) => errors.push(chunk));
  try {
    const code = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${code}\n${Buffer.concat(errors)}`);
    if (!timed) return { seconds, cpu: seconds, peakBytes: polled };
    const [kib, user, system] = readFileSync(report, 'utf8').trim().split(' ').map(Number);
    return { seconds, cpu: user + system, peakBytes: kib * 1024 };
  } finally {
    clearInterval(poll);
    rmSync(directory, { recursive: true, force: true });
  }
}

const STDIO = { stdio: ['ignore', 'ignore', 'pipe'] };

function peakOf(pid) {
  try {
    const kib = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kib === undefined ? undefined : Number(kib) * 1024;
  } catch {
    return undefined;
  }
}

/** Runs two measurements in turn (A B A B ...) and compares their processor time, after one run of each that does not count: it fills the page cache. */
export async function inTurn(rounds, a, b) {
  await a();
  await b();
  const pairs = [];
  for (let round = 0; round < rounds; round++) pairs.push({ a: await a(), b: await b() });
  const ratios = pairs.map((pair) => pair.a.cpu / pair.b.cpu);
  return {
    ratio: median(ratios),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
    a: median(pairs.map((pair) => pair.a.cpu)),
    b: median(pairs.map((pair) => pair.b.cpu)),
    peakBytes: Math.max(...pairs.map((pair) => pair.a.peakBytes)),
  };
}

export function median(values) {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
