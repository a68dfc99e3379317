import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';

type Confirm = (source: string, name: string) => boolean;

let loading: Promise<Confirm> | undefined;

/**
 * tree-sitter's C grammar, for a second opinion on one function's text: whether it is one function definition of
 * that name and nothing else, without an error. Only the changed functions go through it: loading takes some
 * 40 ms, a function next to nothing, kernel/sched/core.c as a whole 570 ms, with errors around its macros.
 */
export function cGrammar(): Promise<Confirm> {
  loading ??= load();
  return loading;
}

async function load(): Promise<Confirm> {
  const wasm = createRequire(import.meta.url).resolve('tree-sitter-c/tree-sitter-c.wasm');
  const [{ Parser, Language }, bytes] = await Promise.all([import('web-tree-sitter'), readFile(wasm)]);
  // A few functions are parsed once: V8's optimising compilation of the grammar would take longer than it can save
  // (measured on a whole audit: 230 ms instead of 390 ms).
  setFlagsFromString('--liftoff-only');
  await Parser.init();
  const parser = new Parser();
  parser.setLanguage(await Language.load(bytes));
  return (source, name) => {
    const tree = parser.parse(source);
    if (!tree) return false;
    try {
      const root = tree.rootNode;
      const [only] = root.namedChildren.filter((node) => node?.type !== 'comment');
      if (root.hasError || only?.type !== 'function_definition') return false;
      let declarator = only.childForFieldName('declarator');
      // `MACRO(name) {` is a declarator in parentheses, and no function to the grammar's own reading.
      let called = false;
      while (declarator && declarator.type !== 'identifier') {
        if (declarator.type === 'function_declarator') called = true;
        declarator = declarator.childForFieldName('declarator') ?? declarator.namedChildren.at(-1) ?? null;
      }
      return called && declarator?.text === name && only.endIndex >= source.trimEnd().length;
    } finally {
      tree.delete();
    }
  };
}
