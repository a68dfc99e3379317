import pico from 'picocolors';

export type Colours = ReturnType<typeof pico.createColors>;

/** What is printed where nothing tells how wide the reader's window is. */
const PIPE_WIDTH = 100;
const NARROWEST = 40;

/**
 * Colours on a terminal that knows them and none in a pipe, unless somebody says otherwise: `NO_COLOR`
 * (https://no-color.org) and `FORCE_COLOR=0` say none, any other `FORCE_COLOR` says colours.
 */
export function colours(): Colours {
  return pico.createColors(wantsColours());
}

function wantsColours(): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env as Record<string, string | undefined>;
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  return process.stdout.isTTY === true && TERM !== 'dumb';
}

/** How many columns a line may have: the terminal's, or in a pipe what `COLUMNS` says. */
export function terminalWidth(): number {
  const asked = process.stdout.isTTY ? process.stdout.columns : Number(process.env['COLUMNS']);
  if (asked > 0 && Number.isInteger(asked)) return Math.max(asked, NARROWEST);
  return process.stdout.isTTY ? 80 : PIPE_WIDTH;
}
