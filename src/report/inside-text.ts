import { AnswerView, type Shown, shownOnce } from './answer-view.js';
import { heading, type Row, table, whereCells } from './member-rows.js';
import type { ReachReport } from './reach-report.js';
import { unknownSection } from './rest-text.js';
import { functions } from './sentences.js';
import { joined, type Section, type Telling, type TextOptions, tellAnswers, telling } from './telling.js';

/** For a person: whose code a function contains. */
export function insideText(report: ReachReport, options: TextOptions): Iterable<string> {
  const told = telling(report.direction, report.why, options);
  return tellAnswers(
    report,
    told,
    (answer) => answer,
    (answer, asked) => insideSections(new AnswerView(answer), told, asked),
  );
}

function* insideSections(view: AnswerView, told: Telling, asked: readonly string[]): Generator<Section> {
  yield joined(asked, listSection(view, told));
  yield unknownSection(view, told);
}

function* listSection(view: AnswerView, told: Telling): Generator<string> {
  const list = [...shownOnce(view.answer)].filter(
    ({ member }) => member.step !== undefined && told.lists(member.class),
  );
  if (list.length === 0) {
    yield* heading('has no code of other functions', told);
    return;
  }
  yield* heading(`has the code of ${functions(list.length)}`, told);
  const several = view.answer.units.length > 1;
  yield* table(list, (shown) => insideRows(shown, several), 0, told);
}

/** All is in the one unit that has the function, unless several have it. */
function insideRows(shown: Shown, several: boolean): Row[] {
  const { member } = shown;
  const where = whereCells(member);
  const cells = [{ text: member.name }, ...(several ? where : where.slice(0, 1))];
  return [{ member, shown, cells, notes: [] }];
}
