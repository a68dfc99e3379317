import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type BodyColumns, decodePart, encodeParts, PART } from '../../src/graph/build-graph.js';
import { type BuildToGraph, type LinkedGraph, linkBuild } from '../../src/graph/link-build.js';
import { Open, ReferenceKind } from '../../src/graph/open-ends.js';
import { SymbolFlags } from '../../src/graph/unit-graph.js';
import { State } from '../../src/graph/unit-symbols.js';
import { Role } from '../../src/symbols/bodies.js';

/** A symbol of a unit that is a body of its own, unless it is a part of another. */
interface Drawn {
  readonly name: number;
  readonly role: number;
  readonly local: boolean;
  readonly lost: boolean;
}

interface DrawnUnit {
  readonly folder: string;
  readonly images: readonly number[];
  readonly symbols: readonly Drawn[];
  readonly calls: readonly (readonly [caller: number, callee: number, count: number])[];
  readonly references: readonly (readonly [target: number, kind: number])[];
}

const VMLINUX = 1;
const NAMES = 5;
const name = fc.integer({ min: 1, max: NAMES });

const symbol: fc.Arbitrary<Drawn> = fc.record({
  name,
  role: fc.constantFrom(Role.function, Role.function, Role.function, Role.clone, Role.trampoline),
  local: fc.boolean(),
  lost: fc.constantFrom(false, false, false, true),
});

const unit: fc.Arbitrary<DrawnUnit> = fc.record({
  folder: fc.constantFrom('mm/', 'fs/'),
  images: fc.constantFrom([VMLINUX], [VMLINUX], [2], [2, 3], []),
  symbols: fc.uniqueArray(symbol, { maxLength: 4, selector: (one) => one.name }),
  calls: fc.array(fc.tuple(name, name, fc.integer({ min: 1, max: 3 })), { maxLength: 5 }),
  references: fc.array(fc.tuple(name, fc.constantFrom(ReferenceKind.address, ReferenceKind.initTable)), {
    maxLength: 3,
  }),
});

function toGraph(units: readonly DrawnUnit[]): BuildToGraph {
  const calls = units.flatMap((one, at) => one.calls.map((call) => [at + 1, ...call] as const));
  const references = units.flatMap((one, at) => one.references.map((of) => [at + 1, ...of] as const));
  const none = new Int32Array(0);
  return {
    units: units.map((one, at) => {
      const symbols = [...one.symbols].sort((a, b) => a.name - b.name);
      return {
        id: at + 1,
        source: `${one.folder}${at}.c`,
        isVerified: true,
        hasCalls: true,
        images: Int32Array.from(one.images),
        object: {
          symbolName: Int32Array.from(symbols, (drawn) => drawn.name),
          symbolBody: Int32Array.from(symbols.keys()),
          symbolFlags: Int32Array.from(symbols, ({ lost, role, local }) =>
            SymbolFlags.pack(lost ? 1 : 0, role, local ? 0 : 1),
          ),
          owner: Int32Array.from(symbols.keys()),
          fate: new Uint8Array(symbols.length).fill(1),
        },
        dump: () => {
          throw new Error('no object is missing');
        },
      };
    }),
    calls: {
      unit: Int32Array.from(calls, ([of]) => of),
      caller: Int32Array.from(calls, ([, caller]) => caller),
      callee: Int32Array.from(calls, ([, , callee]) => callee),
      count: Int32Array.from(calls, ([, , , count]) => count),
    },
    references: {
      unit: Int32Array.from(references, ([of]) => of),
      target: Int32Array.from(references, ([, target]) => target),
      kind: Int32Array.from(references, ([, , kind]) => kind),
    },
    outside: { unit: none, target: none, kind: none },
    vmlinux: VMLINUX,
    callsUnread: false,
  };
}

/** Who calls whom, word for word: what a name means in a unit, and trampolines looked through again and again. */
class Naive {
  readonly #units: readonly DrawnUnit[];
  readonly bodies: readonly { readonly unit: DrawnUnit; readonly symbol: Drawn }[];

  constructor(units: readonly DrawnUnit[]) {
    this.#units = units;
    this.bodies = units.flatMap((of) =>
      [...of.symbols].sort((a, b) => a.name - b.name).map((one) => ({ unit: of, symbol: one })),
    );
  }

  meant(from: DrawnUnit, wanted: number): number[] {
    const all = [...this.bodies.keys()];
    const named = all.filter(
      (at) => this.bodies[at]!.symbol.name === wanted && !this.bodies[at]!.symbol.lost,
    );
    const own = named.filter((at) => this.bodies[at]!.unit === from);
    if (own.length > 0) return own;
    const global = named.filter((at) => !this.bodies[at]!.symbol.local);
    const imagesOf = (at: number) => this.bodies[at]!.unit.images;
    const choices =
      from.images.length === 0
        ? [
            (at: number) => imagesOf(at).length === 0 && this.bodies[at]!.unit.folder === from.folder,
            (at: number) => imagesOf(at).length === 0,
          ]
        : [
            (at: number) => imagesOf(at).some((image) => from.images.includes(image)),
            (at: number) => !from.images.includes(VMLINUX) && imagesOf(at).includes(VMLINUX),
            (at: number) => !from.images.includes(VMLINUX) && imagesOf(at).length > 0,
          ];
    return choices.map((is) => global.filter(is)).find((found) => found.length > 0) ?? [];
  }

  /** Callers, trampolines among them, with how often they call. */
  direct(body: number): Map<number, number> {
    const found = new Map<number, number>();
    for (const of of this.#units) {
      for (const [caller, callee, count] of of.calls) {
        if (!this.meant(of, callee).includes(body)) continue;
        for (const [at, one] of this.bodies.entries()) {
          if (one.unit === of && one.symbol.name === caller) found.set(at, (found.get(at) ?? 0) + count);
        }
      }
    }
    return found;
  }

  isTrampoline(body: number): boolean {
    return this.bodies[body]!.symbol.role === Role.trampoline;
  }

  /** The body, and the trampolines that hand on to it. */
  through(body: number): number[] {
    const through = new Set([body]);
    for (const one of through) {
      for (const caller of this.direct(one).keys()) if (this.isTrampoline(caller)) through.add(caller);
    }
    return [...through];
  }

  callers(body: number): [number, number][] {
    const found = new Map<number, number>();
    for (const one of this.through(body)) {
      for (const [caller, count] of this.direct(one)) {
        if (caller === body || this.isTrampoline(caller)) continue;
        found.set(caller, (found.get(caller) ?? 0) + count);
      }
    }
    return [...found].sort(([a], [b]) => a - b);
  }

  open(body: number): number {
    let open = 0;
    for (const one of this.through(body)) {
      for (const of of this.#units) {
        for (const [target, kind] of of.references) {
          if (!this.meant(of, target).includes(one)) continue;
          open |= kind === ReferenceKind.address ? Open.address : Open.initCaller;
        }
      }
    }
    return open;
  }
}

function callersIn({ callerStart, caller, callCount }: LinkedGraph, body: number): [number, number][] {
  const found: [number, number][] = [];
  for (let at = callerStart[body]!; at < callerStart[body + 1]!; at++) {
    found.push([caller[at]!, callCount[at]!]);
  }
  return found;
}

const units = fc.array(unit, { minLength: 1, maxLength: 5 });

test('callers and open ends are those of the names, resolved one by one', () => {
  fc.assert(
    fc.property(units, (drawn) => {
      const graph = linkBuild(toGraph(drawn));
      const naive = new Naive(drawn);
      expect(graph.state).toHaveLength(naive.bodies.length);
      for (const body of naive.bodies.keys()) {
        expect(callersIn(graph, body)).toEqual(naive.callers(body));
        expect(graph.open[body]).toBe(naive.open(body));
        expect(graph.state[body] === State.trampoline).toBe(naive.isTrampoline(body));
      }
      const pairs = Array.from(graph.trampoline, (one, at) => `${graph.handsOnTo[at]} ${one}`);
      const wanted = [...naive.bodies.keys()].flatMap((body) =>
        naive.through(body).flatMap((one) => (one === body ? [] : [`${body} ${one}`])),
      );
      expect(pairs.sort()).toEqual(wanted.sort());
    }),
    { numRuns: 1000 },
  );
});

test('a unit whose calls were not read leaves its own functions and all global ones open', () => {
  const one = { folder: 'mm/', images: [VMLINUX], calls: [], references: [] };
  const named = (id: number, local: boolean): Drawn => ({
    name: id,
    role: Role.function,
    local,
    lost: false,
  });
  const build = toGraph([
    { ...one, symbols: [named(1, true), named(2, false)] },
    { ...one, symbols: [named(3, true)] },
  ]);
  const [first, second] = build.units;
  const { open } = linkBuild({
    ...build,
    units: [first!, { ...second!, hasCalls: false }],
    callsUnread: true,
  });
  expect([...open]).toEqual([0, Open.callersUnknown, Open.callersUnknown]);
});

describe('parts', () => {
  test('are read back as they were written, at their ends too', () => {
    for (const bodies of [1, PART - 1, PART, PART + 1, 2 * PART + 3]) {
      const column = (scale: number) => Int32Array.from({ length: bodies }, (_, at) => at * scale);
      const starts = Int32Array.from({ length: bodies + 1 }, (_, at) => at * 2);
      const lists = Int32Array.from({ length: bodies * 2 }, (_, at) => at * 3);
      const all: BodyColumns = {
        state: column(1).map((at) => at % 10),
        open: column(1).map((at) => at % 4),
        name: column(100),
        flags: column(1).map((at) => at % 7),
        path: column(2),
        line: column(5),
        callerStart: starts,
        caller: lists,
        callCount: lists,
        placeStart: starts,
        placeImage: lists,
        placeSymbol: lists,
        placePosition: lists,
        placeTotal: lists,
      };
      const parts = [...encodeParts(all)].map(decodePart);
      expect(parts).toHaveLength(Math.ceil(bodies / PART));
      const read = (of: keyof BodyColumns) => parts.flatMap((part) => [...part[of]]);
      for (const of of ['state', 'open', 'name', 'flags', 'path', 'line', 'caller', 'callCount'] as const) {
        expect(read(of)).toEqual([...all[of]]);
      }
      for (const body of [0, PART - 1, PART, bodies - 1].filter((at) => at < bodies)) {
        const { caller, callerStart } = parts[Math.floor(body / PART)]!;
        const at = body % PART;
        expect([...caller.subarray(callerStart[at], callerStart[at + 1])]).toEqual([body * 6, body * 6 + 3]);
      }
    }
  });
});
