import { architectureOf, type KernelIdentity } from '../kernel/identity.js';
import type { JsonObject } from './json-stream.js';
import { counting } from './sentences.js';

/** Which kernel a build is, a line each of what is known. */
export function kernelTexts({ release, vermagic, buildId, abi, config }: KernelIdentity): string[] {
  const options = config && `${config.path} sets ${counting(config.values.size, 'option')}`;
  const known: readonly (readonly [string, string | undefined])[] = [
    ['kernel', [release, abi && architectureOf(abi)].filter(Boolean).join('  ') || undefined],
    ['vermagic', vermagic?.trim()],
    ['build id', buildId],
    ['configuration', options],
  ];
  const width = Math.max(...known.map(([what]) => what.length));
  return known.flatMap(([what, text]) => (text === undefined ? [] : [`${what.padEnd(width)}  ${text}`]));
}

/** The same as docs/schema/info.schema.json has it. */
export function kernelJson({ release, vermagic, buildId, abi, config }: KernelIdentity): JsonObject {
  return {
    release: release ?? null,
    vermagic: vermagic ?? null,
    buildId: buildId ?? null,
    architecture: abi === undefined ? null : architectureOf(abi),
    config: config?.path ?? null,
  };
}
