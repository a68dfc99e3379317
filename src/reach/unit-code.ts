import type { UnitPart } from '../graph/build-graph.js';
import type { Numbers, UnitDump, UnitLinked } from '../graph/unit-graph.js';
import { orderOfSymbols, type SymbolOrder, type UnitSymbols } from '../graph/unit-symbols.js';
import type { UnitRow } from '../index/reader.js';

/** One unit's code in columns: what its dump has, and what names mean there. Nodes and edges are the dump's. */
export interface UnitCode extends UnitDump, UnitSymbols {
  readonly row: UnitRow;
  /** Ids of linked objects. */
  readonly images: Numbers;
}

/** A unit's dump and symbols are decoded when something of them is asked for. */
export class LoadedUnit implements UnitCode {
  readonly row: UnitRow;
  readonly base: number;
  readonly bodyCount: number;
  readonly #part: UnitPart;
  readonly #nth: number;
  #decoded: UnitDump | undefined;
  #linked: UnitLinked | undefined;
  #order: SymbolOrder | undefined;

  /** @param nth which of the part's units it is */
  constructor(row: UnitRow, base: number, bodyCount: number, part: UnitPart, nth: number) {
    this.row = row;
    this.base = base;
    this.bodyCount = bodyCount;
    this.#part = part;
    this.#nth = nth;
  }

  get #dump(): UnitDump {
    this.#decoded ??= this.#part.dump(this.#nth);
    return this.#decoded;
  }

  get #links(): UnitLinked {
    this.#linked ??= this.#part.linked(this.#nth);
    return this.#linked;
  }

  /** Its symbols by body. */
  get order(): SymbolOrder {
    this.#order ??= orderOfSymbols(this);
    return this.#order;
  }

  get images(): Numbers {
    return this.#links.images;
  }

  get symbolName(): Numbers {
    return this.#links.symbolName;
  }

  get symbolBody(): Numbers {
    return this.#links.symbolBody;
  }

  get symbolFlags(): Numbers {
    return this.#links.symbolFlags;
  }

  get nodeName(): Numbers {
    return this.#dump.nodeName;
  }

  get nodeRemoved(): Numbers {
    return this.#dump.nodeRemoved;
  }

  get src(): Numbers {
    return this.#dump.src;
  }

  get dst(): Numbers {
    return this.#dump.dst;
  }

  get step(): Numbers {
    return this.#dump.step;
  }

  get kind(): Numbers {
    return this.#dump.kind;
  }

  get cloneNames(): Numbers {
    return this.#dump.cloneNames;
  }

  get folded(): Numbers {
    return this.#dump.folded;
  }

  get kept(): Numbers {
    return this.#dump.kept;
  }

  get maybeFolded(): Numbers {
    return this.#dump.maybeFolded;
  }
}
