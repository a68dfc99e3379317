/**
 * What klp-reach claims of speed, size and memory, measured: `npm run bench [-- DUMPDIR] [--rounds N] [--cold N]`.
 *
 * Indexing dumps runs in turn with yardstick.py, which only splits their lines; a question in a new process runs in
 * turn with `node -e 0`. The ratio of each pair's processor time counts, so what else the machine does weighs on both sides.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import Database from 'better-sqlite3';
import { dumpsOnly, hasCorpus, sizeOfDumps, whereCorpus, wholeBuild } from './corpus.js';
import { inTurn, median, run } from './measure.js';

const COMMAND = fileURLToPath(new URL('../bin/klp-reach.js', import.meta.url));
const YARDSTICK = fileURLToPath(new URL('yardstick.py', import.meta.url));
const SWEEP = fileURLToPath(new URL('sweep.js', import.meta.url));
const NODE = process.execPath;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '7' },
    cold: { type: 'string', default: '15' },
  },
});
const rounds = Number(values.rounds);
const cold = Number(values.cold);
const [given] = positionals;
if (!(rounds >= 1 && cold >= 1) || positionals.length > 1) {
  throw new Error('usage: npm run bench -- [DUMPDIR] [--rounds N] [--cold N]');
}
if (given === undefined && !hasCorpus()) {
  throw new Error(`no corpus in ${whereCorpus()}: set KLP_REACH_CORPUS, or name a folder of dumps`);
}

const directory = mkdtempSync(join(tmpdir(), 'klp-reach-bench-'));
try {
  await bench(given ?? dumpsOnly(), given === undefined ? wholeBuild() : undefined);
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function bench(dumps, build) {
  const { count, bytes } = sizeOfDumps(dumps);
  console.log(
    `node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores, ` +
      `load ${loadavg()[0].toFixed(1)} at the start`,
  );
  console.log(
    `${count} dumps, ${mb(bytes)}; MB are 10^6 bytes, figures are medians, brackets hold the extremes\n`,
  );

  const db = join(directory, 'dumps.db');
  const python = pythonPath();
  const indexing = await inTurn(
    rounds,
    () => index(db, [dumps, '--no-objects', '--calls', 'none']),
    () => run(python, [YARDSTICK, dumps]),
  );
  const size = statSync(db).size;
  row('', 'measured', 'goal', '');
  row(
    'index: time / yardstick',
    times(indexing.ratio),
    '<= 1.0x',
    `${spread(indexing)} of ${rounds} pairs; ${seconds(indexing.a)} / ${seconds(indexing.b)}`,
  );
  row('index: peak memory', mb(indexing.peakBytes), '<= 400 MB', 'the most of all rounds');
  row('index: file / dumps', times(size / bytes), '<= 0.35x', `${mb(size)} / ${mb(bytes)}`);
  if (!build) {
    await questions(db);
    return;
  }
  const plain = [dumps, '--no-objects', '--calls', 'none'];
  const linked = ['--vmlinux', build.vmlinux, '--modules', build.directory];
  const images = await inTurn(
    rounds,
    () => index(db, [...plain, ...linked]),
    () => index(db, plain),
  );
  row(
    'symbols of vmlinux and modules: added',
    times(images.ratio - 1),
    '<= 1.0x',
    `of the dumps' time; ${seconds(images.a)} / ${seconds(images.b)}`,
  );
  const whole = join(directory, 'build.db');
  const args = [build.directory, '--vmlinux', build.vmlinux];
  const runs = [];
  for (let round = 0; round < 3; round++) runs.push(await index(whole, args));
  await questions(whole);
  await callers(whole);
  await sweep(whole, plain);
  await star();
  await audit(whole);
  console.log(
    `\nThe whole build (dumps, objects, call graphs, modules, vmlinux): ${seconds(median(runs.map((r) => r.seconds)))}, ` +
      `peak ${mb(Math.max(...runs.map((r) => r.peakBytes)))}, index ${mb(statSync(whole).size)} (medians of ${runs.length})`,
  );
}

/** Indexes into a new file. */
function index(db, args) {
  rmSync(db, { force: true });
  return run(NODE, [COMMAND, 'index', ...args, '--db', db]);
}

async function questions(db) {
  const { ordinary, most } = symbols(db);
  for (const [what, { name, copies }, goal] of [
    ['ordinary', ordinary, '<= 1.9x'],
    ['most copied', most, '<= 6x'],
  ]) {
    const asking = await inTurn(
      cold,
      () => run(NODE, [COMMAND, 'affected', name, '--db', db]),
      () => run(NODE, ['-e', '0']),
    );
    row(
      `affected, ${what}: time / node -e 0`,
      times(asking.ratio),
      goal,
      `${spread(asking)} of ${cold} pairs; ${seconds(asking.a)} / ${seconds(asking.b)}; ${name}, ${copies} records`,
    );
  }
}

/** Who calls a function that the whole kernel calls. */
async function callers(db) {
  const name = 'kfree';
  const asking = await inTurn(
    cold,
    () => run(NODE, [COMMAND, 'callers', name, '--db', db]),
    () => run(NODE, ['-e', '0']),
  );
  row(
    'callers: time / node -e 0',
    times(asking.ratio),
    '<= 6x',
    `${spread(asking)} of ${cold} pairs; ${seconds(asking.a)} / ${seconds(asking.b)}; ${name}`,
  );
}

/** Every function's patch set of the build, against indexing its dumps. */
async function sweep(db, dumps) {
  const other = join(directory, 'again.db');
  const sweeping = await inTurn(
    rounds,
    () => run(NODE, [SWEEP, db]),
    () => index(other, dumps),
  );
  row(
    'sweep: time / indexing the dumps',
    times(sweeping.ratio),
    '<= 0.5x',
    `${spread(sweeping)} of ${rounds} pairs; ${seconds(sweeping.a)} / ${seconds(sweeping.b)}`,
  );
  row('sweep: peak memory', mb(sweeping.peakBytes), '<= 300 MB', 'the most of all rounds');
}

/** One function that was copied into a million others. */
async function star() {
  const build = join(directory, 'star');
  mkdirSync(build);
  const lines = [];
  for (let host = 0; host < 1_000_000; host++) {
    lines.push(`Callgraph clone;f;1;a.c;1;1;h${host};${host + 2};a.c;${host + 2};1;inlining to\n`);
  }
  writeFileSync(join(build, 'a.c.000i.ipa-clones'), lines.join(''));
  const db = join(directory, 'star.db');
  await index(db, [build]);
  for (const format of ['text', 'json']) {
    const runs = [];
    for (let round = 0; round < 3; round++) {
      runs.push(await run(NODE, [COMMAND, 'affected', 'f', '--format', format, '--db', db]));
    }
    const peak = Math.max(...runs.map((one) => one.peakBytes));
    row(
      `affected, a million copies, ${format}`,
      seconds(median(runs.map((one) => one.cpu))),
      '<= 3 s',
      `peak ${mb(peak)}, goal 400 MB`,
    );
  }
}

/** A fix of one function, with its source, so that the C grammar is started too. */
async function audit(db) {
  const source = join(directory, 'source');
  mkdirSync(join(source, 'fs/proc'), { recursive: true });
  const body = [
    'static void show_val_kb(struct seq_file *m, const char *s, unsigned long num)',
    '{',
    '\tput(m, s, num);',
    '}',
  ];
  writeFileSync(join(source, 'fs/proc/meminfo.c'), `${body.join('\n')}\n`);
  const fix = join(directory, 'fix.patch');
  const hunk = [` ${body[0]}`, ' {', `-${body[2]}`, '+\tput(m, s, num + 1);', ' }'];
  writeFileSync(
    fix,
    `--- a/fs/proc/meminfo.c\n+++ b/fs/proc/meminfo.c\n@@ -1,4 +1,4 @@\n${hunk.join('\n')}\n`,
  );
  const asking = await inTurn(
    cold,
    () => run(NODE, [COMMAND, 'audit', fix, '--source', source, '--db', db]),
    () => run(NODE, ['-e', '0']),
  );
  row(
    'audit of a fix: time / node -e 0',
    times(asking.ratio),
    '<= 6x',
    `${spread(asking)} of ${cold} pairs; ${seconds(asking.a)} / ${seconds(asking.b)}`,
  );
}

/** The function in the middle by the number of records about its copies, and the one with the most. */
function symbols(db) {
  const index = new Database(db, { readonly: true });
  const all = index
    .prepare(
      `SELECT t.text AS name, count(*) AS copies FROM edge e
       JOIN node n ON n.unit = e.unit AND n.id = e.src
       JOIN function f ON f.id = n.function JOIN name t ON t.id = f.name
       GROUP BY t.id ORDER BY copies, t.text`,
    )
    .all();
  index.close();
  if (all.length === 0) throw new Error('the dumps hold no clone records');
  return { ordinary: all[all.length >> 1], most: all.at(-1) };
}

/** The interpreter's own path: a version manager's `python3` is a script that takes time of its own. */
function pythonPath() {
  return execFileSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).trim();
}

function row(what, measured, goal, figures) {
  console.log(`${what.padEnd(40)}${measured.padStart(9)}   ${goal.padEnd(10)} ${figures}`.trimEnd());
}

function times(ratio) {
  return `${ratio.toFixed(2)}x`;
}

function spread({ low, high }) {
  return `[${low.toFixed(2)}-${high.toFixed(2)}]`;
}

function seconds(value) {
  return value < 1 ? `${(value * 1000).toFixed(0)} ms` : `${value.toFixed(2)} s`;
}

function mb(bytes) {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
