import { expect, test } from 'vitest';
import { IndexReader, ingest, openForReading } from '../helpers/library.js';
import { objectWith } from '../helpers/objects.js';
import { buildDir, newIndex } from '../helpers/workplace.js';

/** As GCC 12 writes them of `__attribute__((target_clones("default", "avx2"))) int f(int)`, with helper inlined. */
const INLINED = 'Callgraph clone;helper;0;t.c;2;19;f;1;t.c;3;54;inlining to\n';
const VERSIONS = 'Callgraph clone;f;1;t.c;3;54;f.avx2;4;t.c;3;54;avx2\n';
const CALLS = `graph: { title: "t.c"
node: { title: "t.c:f.default" label: "f\\nt.c:3:54" }
node: { title: "g" label: "g\\nt.c:1:5" shape : ellipse }
edge: { sourcename: "t.c:f.default" targetname: "g" label: "t.c:2:42" }
node: { title: "t.c:f.avx2" label: "f.avx2\\nt.c:3:54" }
edge: { sourcename: "t.c:f.avx2" targetname: "g" label: "t.c:2:42" }
}
`;

/** The codes of what is wrong with t.c, whose object is missing. */
async function problemsOf(dump: string): Promise<string[]> {
  const db = newIndex();
  const build = buildDir({
    't.c.000i.ipa-clones': dump,
    't.ci': CALLS,
    'u.c.000i.ipa-clones': '',
    'u.o': objectWith('u'),
  });
  await ingest([build], { db, build: 'b' });
  const index = new IndexReader(openForReading(db));
  const codes = index
    .problems({})
    .filter(({ unit }) => unit?.startsWith('t.c'))
    .map(({ code }) => code);
  index.close();
  return codes.sort();
}

test('versions of target_clones have what was copied into the function', async () => {
  expect(await problemsOf(INLINED + VERSIONS)).toEqual(['object-missing']);
});

test('a record of a copy that is lost is missed without the object too', async () => {
  expect(await problemsOf(`Callgraph removal;helper;0;t.c;2;19\n${VERSIONS}`)).toContain('copy-unrecorded');
});
