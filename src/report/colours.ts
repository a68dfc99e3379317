import pico from 'picocolors';

export type Colours = ReturnType<typeof pico.createColors>;

/** Colours on a terminal, none in a pipe or where NO_COLOR says so (https://no-color.org). */
export function colours(): Colours {
  const { NO_COLOR, FORCE_COLOR } = process.env as { NO_COLOR?: string; FORCE_COLOR?: string };
  if (NO_COLOR) return pico.createColors(false);
  return pico.createColors(Boolean(FORCE_COLOR && FORCE_COLOR !== '0') || process.stdout.isTTY === true);
}
