/** `klpr`: what makes an SQLite file a klp-reach index (`PRAGMA application_id`). */
export const APPLICATION_ID = 0x6b6c7072;

/** The schema's version (`PRAGMA user_version`); docs/index-schema.md describes it for people with sqlite3. */
export const SCHEMA_VERSION = 4;

/** Tables, in an order that references go backwards. */
export const TABLES = `
CREATE TABLE build (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  root TEXT NOT NULL,
  indexed_at TEXT NOT NULL,
  identity TEXT NOT NULL DEFAULT '',
  image_stamp TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE kernel (
  build INTEGER PRIMARY KEY REFERENCES build,
  release TEXT,
  vermagic TEXT,
  build_id TEXT,
  abi TEXT,
  config TEXT,
  producer TEXT,
  passes TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE config (
  build INTEGER NOT NULL REFERENCES build,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (build, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE name (id INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT;

CREATE TABLE path (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, normal TEXT NOT NULL) STRICT;

CREATE TABLE kind (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;

CREATE TABLE function (
  id INTEGER PRIMARY KEY,
  name INTEGER NOT NULL REFERENCES name,
  path INTEGER NOT NULL REFERENCES path,
  line INTEGER NOT NULL,
  col INTEGER NOT NULL
) STRICT;

CREATE TABLE image (
  id INTEGER PRIMARY KEY,
  build INTEGER NOT NULL REFERENCES build,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('vmlinux', 'module')),
  source TEXT NOT NULL CHECK (source IN ('elf', 'system-map', 'symbols-klp', 'missing')),
  path TEXT NOT NULL,
  stamp TEXT NOT NULL,
  code TEXT NOT NULL DEFAULT 'unread' CHECK (code IN ('relocations', 'disassembly', 'unread')),
  UNIQUE (build, name)
) STRICT;

CREATE TABLE unit (
  id INTEGER PRIMARY KEY,
  build INTEGER NOT NULL REFERENCES build,
  path TEXT NOT NULL,
  source TEXT NOT NULL,
  stamp TEXT NOT NULL,
  lines INTEGER NOT NULL,
  complete INTEGER NOT NULL CHECK (complete IN (0, 1)),
  object TEXT NOT NULL CHECK (object IN ('read', 'image', 'missing', 'corrupt', 'not asked')),
  object_path TEXT,
  abi TEXT,
  contents TEXT NOT NULL,
  calls TEXT NOT NULL CHECK (calls IN ('ci', 'objdump', 'image', 'missing', 'corrupt', 'not asked')),
  folding TEXT NOT NULL CHECK (folding IN ('read', 'missing')),
  UNIQUE (build, path)
) STRICT;

CREATE TABLE unit_image (
  unit INTEGER NOT NULL REFERENCES unit,
  image INTEGER NOT NULL REFERENCES image,
  PRIMARY KEY (unit, image)
) STRICT, WITHOUT ROWID;

CREATE TABLE problem (
  build INTEGER NOT NULL REFERENCES build,
  unit INTEGER REFERENCES unit,
  code TEXT NOT NULL,
  file TEXT NOT NULL,
  line INTEGER,
  other TEXT,
  what TEXT NOT NULL,
  more INTEGER NOT NULL
) STRICT;

CREATE TABLE node (
  unit INTEGER NOT NULL REFERENCES unit,
  id INTEGER NOT NULL,
  function INTEGER NOT NULL REFERENCES function,
  "order" INTEGER,
  removed INTEGER NOT NULL,
  PRIMARY KEY (unit, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE edge (
  unit INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  src INTEGER NOT NULL,
  dst INTEGER NOT NULL,
  kind INTEGER NOT NULL REFERENCES kind,
  PRIMARY KEY (unit, seq),
  FOREIGN KEY (unit, src) REFERENCES node (unit, id),
  FOREIGN KEY (unit, dst) REFERENCES node (unit, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE body (
  unit INTEGER NOT NULL REFERENCES unit,
  id INTEGER NOT NULL,
  section INTEGER NOT NULL REFERENCES name,
  section_index INTEGER NOT NULL,
  value INTEGER NOT NULL,
  size INTEGER NOT NULL,
  traceable INTEGER NOT NULL CHECK (traceable IN (0, 1)),
  lifetime INTEGER NOT NULL CHECK (lifetime BETWEEN 0 AND 4),
  owner INTEGER NOT NULL,
  PRIMARY KEY (unit, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE symbol (
  unit INTEGER NOT NULL REFERENCES unit,
  id INTEGER NOT NULL,
  name INTEGER NOT NULL REFERENCES name,
  body INTEGER NOT NULL,
  binding INTEGER NOT NULL CHECK (binding BETWEEN 0 AND 3),
  role INTEGER NOT NULL CHECK (role BETWEEN 0 AND 5),
  lost INTEGER NOT NULL CHECK (lost IN (0, 1)),
  PRIMARY KEY (unit, id),
  FOREIGN KEY (unit, body) REFERENCES body (unit, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE fold (
  unit INTEGER NOT NULL REFERENCES unit,
  folded INTEGER NOT NULL REFERENCES name,
  kept INTEGER NOT NULL REFERENCES name,
  PRIMARY KEY (unit, folded, kept)
) STRICT, WITHOUT ROWID;

CREATE TABLE build_graph (
  build INTEGER NOT NULL REFERENCES build,
  part INTEGER NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (build, part)
) STRICT;

CREATE TABLE lost_symbol (
  unit INTEGER NOT NULL REFERENCES unit,
  name INTEGER NOT NULL REFERENCES name,
  PRIMARY KEY (unit, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE call (
  unit INTEGER NOT NULL REFERENCES unit,
  caller INTEGER NOT NULL REFERENCES name,
  callee INTEGER NOT NULL REFERENCES name,
  count INTEGER NOT NULL,
  PRIMARY KEY (unit, caller, callee)
) STRICT, WITHOUT ROWID;

CREATE TABLE reference (
  unit INTEGER NOT NULL REFERENCES unit,
  target INTEGER NOT NULL REFERENCES name,
  section INTEGER NOT NULL REFERENCES name,
  "by" INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
  PRIMARY KEY (unit, target, section, "by", kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE outside (
  unit INTEGER NOT NULL REFERENCES unit,
  target INTEGER NOT NULL REFERENCES name,
  image INTEGER NOT NULL REFERENCES image,
  section INTEGER NOT NULL REFERENCES name,
  "by" INTEGER NOT NULL,
  kind INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),
  PRIMARY KEY (unit, target, image, section, "by", kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE image_symbol (
  image INTEGER NOT NULL REFERENCES image,
  id INTEGER NOT NULL,
  name INTEGER NOT NULL REFERENCES name,
  address INTEGER,
  size INTEGER,
  type TEXT NOT NULL,
  binding TEXT,
  section INTEGER REFERENCES name,
  file INTEGER REFERENCES name,
  position INTEGER NOT NULL,
  total INTEGER NOT NULL,
  traceable INTEGER CHECK (traceable IN (0, 1)),
  unit INTEGER REFERENCES unit,
  PRIMARY KEY (image, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE export (
  build INTEGER NOT NULL REFERENCES build,
  name INTEGER NOT NULL REFERENCES name,
  object TEXT NOT NULL,
  kind TEXT NOT NULL,
  namespace TEXT NOT NULL,
  PRIMARY KEY (build, name, object)
) STRICT, WITHOUT ROWID;
`;

/**
 * The look-ups that a question starts from. Made after a first filling, which is a sort instead of an insertion in
 * random order: half the time, and pages that are full.
 */
export const INDEXES = `
CREATE UNIQUE INDEX IF NOT EXISTS name_text ON name (text);
CREATE INDEX IF NOT EXISTS function_name ON function (name);
CREATE INDEX IF NOT EXISTS node_function ON node (function);
CREATE INDEX IF NOT EXISTS symbol_name ON symbol (name);
CREATE INDEX IF NOT EXISTS fold_folded ON fold (folded);
CREATE INDEX IF NOT EXISTS call_callee ON call (callee);
CREATE INDEX IF NOT EXISTS reference_target ON reference (target);
CREATE INDEX IF NOT EXISTS image_symbol_name ON image_symbol (name);
CREATE INDEX IF NOT EXISTS problem_unit ON problem (unit);
CREATE INDEX IF NOT EXISTS unit_build ON unit (build);
CREATE INDEX IF NOT EXISTS unit_incomplete ON unit (build) WHERE complete = 0;
CREATE INDEX IF NOT EXISTS unit_without_calls ON unit (build) WHERE calls NOT IN ('ci', 'objdump', 'image');
`;

/** What a person with sqlite3 or datasette reads: the same rows in words. */
export const VIEWS = `
CREATE VIEW units AS
  SELECT b.name AS build, u.path, u.source, u.lines, u.complete, u.object, u.calls, u.folding,
    (SELECT group_concat(i.name, ' ') FROM unit_image l JOIN image i ON i.id = l.image WHERE l.unit = u.id) AS image,
    (SELECT count(*) FROM node n WHERE n.unit = u.id) AS nodes,
    (SELECT count(*) FROM edge e WHERE e.unit = u.id) AS edges
  FROM unit u JOIN build b ON b.id = u.build;

CREATE VIEW nodes AS
  SELECT b.name AS build, u.path AS unit, t.text AS name, n."order", p.normal AS file, f.line, f.col, n.removed
  FROM node n
  JOIN unit u ON u.id = n.unit JOIN build b ON b.id = u.build
  JOIN function f ON f.id = n.function JOIN name t ON t.id = f.name JOIN path p ON p.id = f.path;

CREATE VIEW records AS
  SELECT b.name AS build, u.path AS unit, e.seq,
    ts.text AS original, s."order" AS original_order, td.text AS target, d."order" AS target_order, k.text AS kind
  FROM edge e
  JOIN unit u ON u.id = e.unit JOIN build b ON b.id = u.build JOIN kind k ON k.id = e.kind
  JOIN node s ON s.unit = e.unit AND s.id = e.src JOIN function fs ON fs.id = s.function JOIN name ts ON ts.id = fs.name
  JOIN node d ON d.unit = e.unit AND d.id = e.dst JOIN function fd ON fd.id = d.function JOIN name td ON td.id = fd.name;

CREATE VIEW edges AS
  SELECT build, unit, original, original_order, target, target_order, kind,
    count(*) AS count, min(seq) AS first_seq, max(seq) AS last_seq
  FROM records GROUP BY build, unit, original, original_order, target, target_order, kind;

CREATE VIEW symbols AS
  SELECT b.name AS build, u.path AS unit, t.text AS name,
    CASE s.binding WHEN 0 THEN 'local' WHEN 1 THEN 'global' WHEN 2 THEN 'weak' ELSE 'unique' END AS binding,
    CASE s.role WHEN 0 THEN 'function' WHEN 1 THEN 'clone' WHEN 2 THEN 'fragment' WHEN 3 THEN 'trampoline'
      WHEN 4 THEN 'linker script' ELSE 'compiler' END AS role,
    s.lost, s.body, sec.text AS section, y.value, y.size, y.traceable,
    CASE y.lifetime WHEN 0 THEN 'core' WHEN 1 THEN 'init' WHEN 2 THEN 'exit' WHEN 3 THEN 'discarded' ELSE 'undecided' END AS lifetime
  FROM symbol s
  JOIN body y ON y.unit = s.unit AND y.id = s.body
  JOIN unit u ON u.id = s.unit JOIN build b ON b.id = u.build
  JOIN name t ON t.id = s.name JOIN name sec ON sec.id = y.section;

-- References to functions that are no calls of functions, by the units' objects.
CREATE VIEW "references" AS
  SELECT b.name AS build, u.path AS unit, t.text AS target, sec.text AS section, c.text AS "by",
    CASE r.kind WHEN 0 THEN 'address' WHEN 1 THEN 'init' WHEN 2 THEN 'call' ELSE 'call by init code' END AS kind
  FROM reference r
  JOIN unit u ON u.id = r.unit JOIN build b ON b.id = u.build
  JOIN name t ON t.id = r.target JOIN name sec ON sec.id = r.section LEFT JOIN name c ON c.id = r."by";

-- References to units' functions by code and data of the linked objects that belong to no unit (assembly).
CREATE VIEW outside_references AS
  SELECT b.name AS build, u.path AS unit, t.text AS target, i.name AS object, sec.text AS section, c.text AS "by",
    CASE o.kind WHEN 0 THEN 'address' WHEN 1 THEN 'init' WHEN 2 THEN 'call' ELSE 'call by init code' END AS kind
  FROM outside o
  JOIN unit u ON u.id = o.unit JOIN build b ON b.id = u.build JOIN image i ON i.id = o.image
  JOIN name t ON t.id = o.target JOIN name sec ON sec.id = o.section LEFT JOIN name c ON c.id = o."by";

-- Functions that the compiler folded into equal ones: what called them calls, or has inlined, the other.
CREATE VIEW folds AS
  SELECT b.name AS build, u.path AS unit, tf.text AS folded, tk.text AS kept
  FROM fold f
  JOIN unit u ON u.id = f.unit JOIN build b ON b.id = u.build
  JOIN name tf ON tf.id = f.folded JOIN name tk ON tk.id = f.kept;

CREATE VIEW calls AS
  SELECT b.name AS build, u.path AS unit, tc.text AS caller, te.text AS callee, c.count
  FROM call c
  JOIN unit u ON u.id = c.unit JOIN build b ON b.id = u.build
  JOIN name tc ON tc.id = c.caller JOIN name te ON te.id = c.callee;

-- Addresses beyond 2^63 stand in the table as negative numbers; here they are in hexadecimal.
CREATE VIEW image_symbols AS
  SELECT b.name AS build, i.name AS object, t.text AS name, printf('%016x', s.address) AS address, s.size, s.type,
    s.binding, sec.text AS section, f.text AS file, s.position, s.total, s.traceable, u.path AS unit
  FROM image_symbol s
  JOIN image i ON i.id = s.image JOIN build b ON b.id = i.build
  JOIN name t ON t.id = s.name LEFT JOIN name sec ON sec.id = s.section LEFT JOIN name f ON f.id = s.file
  LEFT JOIN unit u ON u.id = s.unit;

-- One row a (unit, function name) of the dumps: is it reported as removed (every node of the name), is it in the object?
CREATE VIEW emission AS
  SELECT b.name AS build, u.path AS unit, t.text AS name, min(n.removed) AS removed,
    CASE WHEN u.object IN ('read', 'image') THEN EXISTS (SELECT 1 FROM symbol s WHERE s.unit = n.unit AND s.name = f.name) END AS emitted
  FROM node n
  JOIN function f ON f.id = n.function JOIN name t ON t.id = f.name
  JOIN unit u ON u.id = n.unit JOIN build b ON b.id = u.build
  WHERE n."order" IS NOT NULL
  GROUP BY n.unit, f.name;
`;
