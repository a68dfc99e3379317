import type { ImageSymbolRow } from '../../index/reader.js';
import type { Target } from '../facts.js';

/** What every finding about a target says. */
export function targetAbout({ object, name, sympos, where }: Target) {
  const colon = /^(.*):(\d+)$/.exec(where);
  return {
    subject: name,
    object,
    sympos,
    ...(colon ? { file: colon[1]!, line: Number(colon[2]) } : { file: where }),
  };
}

/** `1: kernel/cpu.c at ffffffff81094f90` for each, with what is known of it. */
export function describeCandidates(candidates: readonly ImageSymbolRow[]): string {
  return candidates
    .map(({ position, source, file, address, size, type }) => {
      const what = type === 'func' ? '' : ` (${type})`;
      const where = source ?? file ?? 'unknown source';
      return `${position}: ${where}${what}${address === null ? '' : ` at ${address}`}${size ? `, ${size} bytes` : ''}`;
    })
    .join('; ');
}
