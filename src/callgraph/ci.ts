export interface CallFacts {
  readonly names: readonly string[];
  readonly functionName: Int32Array;
  readonly functionFile: readonly string[];
  readonly functionLine: Int32Array;
  readonly functionCol: Int32Array;
  readonly callCaller: Int32Array;
  readonly callCallee: Int32Array;
  readonly callCount: Int32Array;
}
const unquote = (s: string) => s.replace(/\\(.)/g, '$1');
const nameOf = (title: string) => title.slice(title.lastIndexOf(':') + 1);
export function parseCallgraphInfo(bytes: Buffer, _file: string): CallFacts {
  const names: string[] = [];
  const ids = new Map<string, number>();
  const id = (n: string) => {
    let i = ids.get(n);
    if (i === undefined) {
      i = names.length;
      ids.set(n, i);
      names.push(n);
    }
    return i;
  };
  const fn: number[] = [];
  const ff: string[] = [];
  const fl: number[] = [];
  const fc: number[] = [];
  const calls = new Map<number, number>();
  for (const line of bytes.toString('utf8').split('\n')) {
    if (line.startsWith('edge')) {
      const m = /sourcename: "((?:[^"\\]|\\.)*)" targetname: "((?:[^"\\]|\\.)*)"/.exec(line)!;
      const key = id(nameOf(unquote(m[1]!))) * 65536 + id(nameOf(unquote(m[2]!)));
      calls.set(key, (calls.get(key) ?? 0) + 1);
    } else if (line.startsWith('node') && !line.includes('shape : ellipse')) {
      const m = /title: "((?:[^"\\]|\\.)*)" label: "((?:[^"\\]|\\.)*)"/.exec(line)!;
      const place = /\\n(.*?):(\d+):(\d+)(\\n|$)/.exec(m[2]!);
      fn.push(id(nameOf(unquote(m[1]!))));
      ff.push(place?.[1] ?? '');
      fl.push(Number(place?.[2] ?? 0));
      fc.push(Number(place?.[3] ?? 0));
    }
  }
  return {
    names,
    functionName: Int32Array.from(fn),
    functionFile: ff,
    functionLine: Int32Array.from(fl),
    functionCol: Int32Array.from(fc),
    callCaller: Int32Array.from(calls.keys(), (k) => Math.floor(k / 65536)),
    callCallee: Int32Array.from(calls.keys(), (k) => k % 65536),
    callCount: Int32Array.from(calls.values()),
  };
}
