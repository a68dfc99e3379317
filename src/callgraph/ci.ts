import { isAscii } from 'node:buffer';
import { InputError } from '../errors.js';
import { type CallFacts, CallFactsBuilder } from './facts.js';

export type { CallFacts } from './facts.js';

const GRAPH = 'graph: { title: "';
const NODE = 'node: { title: "';
const LABEL = '" label: "';
const EXTERNAL_END = '" shape : ellipse }';
const EDGE = 'edge: { sourcename: "';
const TARGET = '" targetname: "';
const END = '" }';
const INDIRECT = '__indirect_call';
const BUILT_IN = '<built-in>';

/**
 * What follows a function's name in its label where it is not just FILE:LINE:COL: `-fcallgraph-info=su,da` adds the
 * stack usage, the number of dynamic allocations and the place of each (gcc/toplev.cc, output_stack_usage_1 and
 * dump_final_node_vcg). All are set off by a backslash and an n, which a FILE can hold too.
 */
const LONG_PLACE =
  /^(?:<built-in>|(.*?):(\d+):(\d+))(?:\\n\d+ bytes \([a-z,]+\))?(?:\\n\d+ dynamic objects(?:\\n .*)?)?$/;

/**
 * Reads the calls that GCC's `-fcallgraph-info` wrote for one unit.
 *
 * GCC writes names and files as they are, without escapes (gcc/toplev.cc, dump_final_node_vcg_start and
 * dump_final_callee_vcg): a title never holds a quote, since print_decl_identifier leaves quotes out, but a label
 * can, so a label ends where its line does. Works on slices of one string (measured on 63 MB, 505,437 lines: 0.3 s).
 *
 * @param bytes the whole file
 * @param file its name, for messages
 * @throws InputError where a line is no such record, or the text ends before its last line, a lone `}`
 */
export function parseCallgraphInfo(bytes: Buffer, file: string): CallFacts {
  return new CallgraphParser(
    isAscii(bytes) ? bytes.toString('latin1') : bytes.toString('utf8'),
    file,
  ).parse();
}

class CallgraphParser {
  readonly #facts = new CallFactsBuilder();
  /** Title -> name id, or -1 for the placeholder of indirect calls. */
  readonly #titles = new Map<string, number>();

  constructor(
    readonly text: string,
    readonly file: string,
  ) {}

  parse(): CallFacts {
    const { text } = this;
    let at = 0;
    let ended = false;
    while (at < text.length) {
      let end = text.indexOf('\n', at);
      if (end < 0) end = text.length;
      if (ended) throw this.#malformed(at, 'there is text behind the end of the graph');
      if (at === 0) {
        if (!text.startsWith(GRAPH) || !text.startsWith('"', end - 1)) {
          throw this.#malformed(at, 'is no call graph of GCC: it does not begin with "graph: {"');
        }
        this.#facts.title = text.slice(GRAPH.length, end - 1);
      } else if (text.startsWith(EDGE, at)) this.#edge(at, end);
      else if (text.startsWith(NODE, at)) this.#node(at, end);
      else if (end === at + 1 && text.startsWith('}', at)) ended = true;
      else throw this.#malformed(at, 'is neither a node nor an edge nor the end of the graph');
      at = end + 1;
    }
    if (!ended) throw this.#malformed(text.length, 'the graph has no end');
    return this.#facts.finish();
  }

  #edge(at: number, end: number): void {
    const { text } = this;
    const source = at + EDGE.length;
    const sourceEnd = text.indexOf('"', source);
    const target = sourceEnd + TARGET.length;
    const targetEnd = text.indexOf('"', target);
    if (
      sourceEnd < 0 ||
      !text.startsWith(TARGET, sourceEnd) ||
      targetEnd < 0 ||
      targetEnd > end - END.length ||
      !text.startsWith(END, end - END.length) ||
      (targetEnd < end - END.length && !text.startsWith(LABEL, targetEnd))
    ) {
      throw this.#malformed(at, 'is no whole edge');
    }
    const caller = this.#title(text.slice(source, sourceEnd));
    const callee = this.#title(text.slice(target, targetEnd));
    if (caller < 0) throw this.#malformed(at, `is an edge out of ${INDIRECT}`);
    if (targetEnd < end - END.length) this.#site(caller, targetEnd + LABEL.length, end - END.length);
    // What a call through a pointer calls is not known here: a function whose address is taken is an open end.
    if (callee >= 0) this.#facts.addCall(caller, callee, targetEnd === end - END.length);
  }

  /** `FILE:LINE:COL`, where the source has the call. */
  #site(caller: number, start: number, end: number): void {
    const { text } = this;
    const col = text.lastIndexOf(':', end);
    const line = text.lastIndexOf(':', col - 1);
    if (line <= start || !isNumber(text, line + 1, col)) return;
    this.#facts.addSite(caller, text, start, line, +text.slice(line + 1, col));
  }

  #node(at: number, end: number): void {
    const { text } = this;
    const title = at + NODE.length;
    const titleEnd = text.indexOf('"', title);
    const label = titleEnd + LABEL.length;
    const external = text.startsWith(EXTERNAL_END, end - EXTERNAL_END.length);
    const labelEnd = end - (external ? EXTERNAL_END.length : END.length);
    if (
      titleEnd < 0 ||
      labelEnd < label ||
      !text.startsWith(LABEL, titleEnd) ||
      !text.startsWith(END[0]!, labelEnd) ||
      !text.startsWith('}', end - 1)
    ) {
      throw this.#malformed(at, 'is no whole node');
    }
    const name = this.#title(text.slice(title, titleEnd));
    if (external) return;
    const place = text.indexOf('\\n', label) + 2;
    if (name < 0 || place < 2 || place > labelEnd) throw this.#malformed(at, 'is a node without a place');
    const called = text.slice(label, place - 2);
    const isName = called === nameOf(text.slice(title, titleEnd));
    this.#define(at, name, isName ? '' : called, text.slice(place, labelEnd));
  }

  #define(at: number, name: number, label: string, place: string): void {
    if (!place.includes('\\n')) {
      const col = place.lastIndexOf(':');
      const line = place.lastIndexOf(':', col - 1);
      if (line >= 0 && isNumber(place, line + 1, col) && isNumber(place, col + 1, place.length)) {
        const file = place.slice(0, line);
        this.#facts.addFunction(name, file, +place.slice(line + 1, col), +place.slice(col + 1), label);
        return;
      }
    }
    const match = LONG_PLACE.exec(place);
    if (match === null) throw this.#malformed(at, 'is a node without a place');
    this.#facts.addFunction(name, match[1] ?? BUILT_IN, Number(match[2] ?? 0), Number(match[3] ?? 0), label);
  }

  /** The function of a title. */
  #title(title: string): number {
    let name = this.#titles.get(title);
    if (name === undefined) {
      name = title === INDIRECT ? -1 : this.#facts.name(nameOf(title));
      this.#titles.set(title, name);
    }
    return name;
  }

  #malformed(at: number, what: string): InputError {
    let line = 1;
    for (let i = this.text.indexOf('\n'); i >= 0 && i < at; i = this.text.indexOf('\n', i + 1)) line++;
    if (this.text.length === 0) return new InputError(`${this.file}:1`, 'is empty', ADVICE);
    return new InputError(`${this.file}:${line}`, what, ADVICE);
  }
}

/**
 * The name in a title: `FILE:NAME` where the linker may see several (a static function, a weak definition), else `NAME`.
 * FILE can hold colons, a name cannot. A `*` before the name says that the source gave it (`asm("name")`).
 */
function nameOf(title: string): string {
  const colon = title.lastIndexOf(':');
  const star = title.charCodeAt(colon + 1) === 0x2a ? 1 : 0;
  return title.slice(colon + 1 + star);
}

const ADVICE = 'was the compiler stopped, or is it still running? Compile the unit again';

function isNumber(text: string, from: number, to: number): boolean {
  if (from >= to || to - from > 10) return false;
  for (let i = from; i < to; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x30 || code > 0x39) return false;
  }
  return true;
}
