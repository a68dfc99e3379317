/** Reads CSV as RFC 4180 has it: fields in quotes may hold commas, quotes and line ends, and rows end in CR LF. */
export function readCsv(text: string): Record<string, string>[] {
  const rows: string[][] = [[]];
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/y;
  while (field.lastIndex < text.length) {
    const found = field.exec(text);
    if (!found)
      throw new Error(`no CSV at ${JSON.stringify(text.slice(field.lastIndex, field.lastIndex + 40))}`);
    const [, quoted, plain, end] = found;
    rows.at(-1)!.push(quoted?.replaceAll('""', '"') ?? plain!);
    if (end === '\r\n') rows.push([]);
  }
  if (rows.at(-1)!.length === 0) rows.pop();
  const [header = [], ...others] = rows;
  return others.map((row) => {
    if (row.length !== header.length) throw new Error(`${row.length} fields below ${header.length} columns`);
    return Object.fromEntries(header.map((name, i) => [name, row[i]!]));
  });
}
