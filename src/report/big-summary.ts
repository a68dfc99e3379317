import type { Listed, Shown } from './answer-view.js';
import { compare, objectOf } from './member-rows.js';
import type { Page } from './page.js';
import { counted } from './sentences.js';
import type { Telling } from './telling.js';

/** More functions to replace than this are counted before they are listed. */
export const MOST_UNCOUNTED = 40;
/** More than this nobody replaces. */
export const MOST_REPLACED = 100;

const MOST_FOLDERS = 16;

/** How many functions to replace each object and each folder has. */
export function* bigSummary(list: Listed<Shown>, { page }: Telling): Generator<string> {
  const objects = countBy(list, ({ member }) => objectOf(member));
  const folders = countBy(list, ({ member }) => folderOf(member.unit.source, 2));
  const coarse = () => countBy(list, ({ member }) => folderOf(member.unit.source, 1));
  yield* countLine('by object:', objects, page);
  yield* countLine('by folder:', folders.size <= MOST_FOLDERS ? folders : coarse(), page);
}

function* countLine(title: string, counts: ReadonlyMap<string, number>, page: Page): Generator<string> {
  const sorted = [...counts].sort(([a, some], [b, others]) => others - some || compare(a, b));
  const words = sorted.map(([name, count], at) => {
    return `${name} ${counted(count)}${at === sorted.length - 1 ? '' : ','}`;
  });
  yield* page.prose([title, ...words], 2, undefined, 4);
}

function countBy(list: Listed<Shown>, keyOf: (shown: Shown) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const shown of list) {
    const key = keyOf(shown);
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}

/** The first folders of a path. */
function folderOf(path: string, depth: number): string {
  let end = -1;
  for (let level = 0; level < depth; level++) {
    const next = path.indexOf('/', end + 1);
    if (next < 0) break;
    end = next;
  }
  return end < 0 ? '.' : path.slice(0, end);
}
