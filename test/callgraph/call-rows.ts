import type { CallFacts } from '../../src/callgraph/facts.js';

/** The calls as people write them: `caller -> callee`, with `xN` where there are several, sorted. */
export function callRows(facts: CallFacts): string[] {
  return Array.from(facts.callCaller, (caller, i) => {
    const count = facts.callCount[i]!;
    const row = `${facts.names[caller]} -> ${facts.names[facts.callCallee[i]!]}`;
    return count === 1 ? row : `${row} x${count}`;
  }).sort();
}

export function functionRows(facts: CallFacts): string[] {
  return Array.from(
    facts.functionName,
    (name, i) =>
      `${facts.names[name]} ${facts.functionFile[i]}:${facts.functionLine[i]}:${facts.functionCol[i]}`,
  );
}

export function namesOf(facts: CallFacts, column: Int32Array): string[] {
  return Array.from(column, (name) => facts.names[name]!).sort();
}
