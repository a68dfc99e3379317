import type { AuditFacts, Reference } from '../facts.js';

/** Annotated and converted references whose object the index knows. */
export function* checked({
  references,
  imagesKnown,
}: AuditFacts): Generator<Reference & { readonly object: string }> {
  for (const reference of references) {
    const { object, said } = reference;
    if (object !== undefined && imagesKnown.has(object) && said.problem === undefined)
      yield { ...reference, object };
  }
}

/** What every finding about a reference says. */
export function referenceAbout({ said, object }: Reference) {
  const colon = /^(.*):(\d+)$/.exec(said.where);
  return {
    subject: said.name,
    ...(object !== undefined && { object }),
    sympos: said.position,
    ...(colon ? { file: colon[1]!, line: Number(colon[2]) } : { file: said.where }),
  };
}

/** The annotation that says which symbol is meant, in the livepatch's own dialect. */
export function annotation({ dialect, said }: Reference, object: string, position: number): string {
  const { name } = said;
  if (dialect === 'minimal') {
    const patched = said.livepatchObject ?? object;
    return `extern typeof(${name}) ${name} KLP_RELOC_SYMBOL_POS(${patched}, ${object}, ${name}, ${position});`;
  }
  return `KLP_MODULE_RELOC(${object}) ${object}_relocs[] = { KLP_SYMPOS(${name}, ${position}) };`;
}
