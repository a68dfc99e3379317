import type { ImageSymbolRow } from '../../index/reader.js';
import type { SectionLifetime } from '../../symbols/section-lifetime.js';
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

/** Whether the optimiser made what a target names. */
export function isClone({ member, fate }: Target): boolean {
  return member ? member.clone : fate?.isClone === true;
}

/** Whether what a target names is there when the livepatch comes; a body of a unit tells it, else the symbol does. */
export function lifetimeOfTarget({ member, symbol }: Target): SectionLifetime {
  if (member?.class === 'init') return 'init';
  if (member) return member.stuck === 'module-exit' ? 'exit' : 'core';
  return symbol?.lifetime ?? 'core';
}
