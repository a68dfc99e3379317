import { readFileSync } from 'node:fs';

const { dependencies } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8'));

/** What `affected` needs for an answer on a terminal or in a pipe, with all that these import. */
const ASKING = /[/\\](?:cli[/\\](?:main|command-affected)|report[/\\](?:reach-text|terminal))\.js$/;

/** The bundle is CommonJS, in a package whose other modules are not. */
const commonJs = {
  name: 'package-type',
  generateBundle() {
    this.emitFile({ type: 'asset', fileName: 'package.json', source: '{ "type": "commonjs" }\n' });
  },
};

/**
 * The command in few files, beside the library as tsc makes it: Node takes about a millisecond for each module of a
 * program (measured: an ordinary question 1.8x of `node -e 0` instead of 2.2x), and its loader of ES modules a sixth of
 * that time besides. What runs in worker threads is a program of its own.
 */
export default Object.entries({
  main: 'dist/cli/main.js',
  'unit-worker': 'dist/index/unit-worker.js',
  'index-worker': 'dist/index/index-worker.js',
}).map(([name, input]) => ({
  input: { [name]: input },
  platform: 'node',
  // Commander is small, and finding it takes longer than reading it.
  external: Object.keys(dependencies)
    .filter((dependency) => dependency !== 'commander')
    .map((dependency) => new RegExp(`^${dependency}(?:/|$)`)),
  plugins: [commonJs],
  // Rolldown says that the group makes some dynamic imports static: that is its purpose.
  checks: { ineffectiveDynamicImport: false },
  output: {
    dir: 'dist/command',
    format: 'cjs',
    // Without a hash, so that a build leaves nothing of the one before.
    chunkFileNames: `${name}-[name].js`,
    minify: true,
    codeSplitting: { groups: [{ name: 'ask', test: ASKING }] },
  },
}));
