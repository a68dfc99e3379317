import { readFileSync } from 'node:fs';

const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** What `affected` needs for an answer on a terminal or in a pipe, with all that these import. */
const ASKING = /[/\\](?:cli[/\\](?:main|command-affected)|report[/\\](?:reach-text|terminal))\.js$/;

/**
 * The command in few files, beside the library as tsc makes it: Node takes about a millisecond for each module of a
 * program (measured: an ordinary question 1.8x of `node -e 0` instead of 2.2x). What runs in worker threads is a
 * program of its own.
 */
export default Object.entries({
  main: 'dist/cli/main.js',
  'unit-worker': 'dist/index/unit-worker.js',
  'index-worker': 'dist/index/index-worker.js',
}).map(([name, input]) => ({
  input: { [name]: input },
  platform: 'node',
  external: Object.keys(dependencies).map((dependency) => new RegExp(`^${dependency}(?:/|$)`)),
  // Rolldown says that the group makes some dynamic imports static: that is its purpose.
  checks: { ineffectiveDynamicImport: false },
  output: {
    dir: 'dist/command',
    format: 'es',
    // Without a hash, so that a build leaves nothing of the one before.
    chunkFileNames: `${name}-[name].js`,
    minify: true,
    codeSplitting: { groups: [{ name: 'ask', test: ASKING }] },
  },
}));
