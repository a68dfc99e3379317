import pico from 'picocolors';
import type { TextOptions } from '../../src/report/telling.js';

/** A text without colours, a hundred columns wide unless said otherwise. */
export function plain(more: Partial<TextOptions> = {}): TextOptions {
  return { width: 100, colours: pico.createColors(false), ...more };
}
