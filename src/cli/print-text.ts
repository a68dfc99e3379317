import type { MemberClass } from '../reach/answer.js';
import type { TextOptions } from '../report/telling.js';
import { writeOut } from './write-out.js';

/** What a command's options say of how its text is told. */
interface PrintOptions {
  readonly pager: boolean;
  readonly all?: boolean;
  readonly only?: readonly MemberClass[];
}

/** A text for a person: through a pager where a person sits. */
export async function printText(
  text: (options: TextOptions) => Iterable<string>,
  { pager, all = false, only }: PrintOptions,
): Promise<void> {
  const { colours, terminalWidth } = await import('../report/terminal.js');
  const told: TextOptions = {
    width: terminalWidth(),
    colours: colours(),
    all,
    ...(only && { only: new Set(only) }),
  };
  if (!process.stdout.isTTY || !pager) return writeOut(text(told));
  const { page, pagerCommand } = await import('./pager.js');
  await page(() => text(told), pagerCommand());
}
