import { architectureOf, type KernelIdentity } from '../kernel/identity.js';
import type { PassState, Switches } from '../kernel/switches.js';
import type { BuildInfo } from '../reach/build-info.js';
import type { JsonObject } from './json-stream.js';
import { counting, functions } from './sentences.js';

type Compiled = BuildInfo['compiled'];

/** Identical code folding. */
const FOLDING = 'ipa-icf';

/** Which kernel a build is and how it was compiled, a line each of what is known. */
export function kernelTexts(
  { release, vermagic, buildId, abi, config }: KernelIdentity,
  compiled: Compiled,
): string[] {
  const options = config && `${config.path} sets ${counting(config.values.size, 'option')}`;
  const known: readonly (readonly [string, string | undefined])[] = [
    ['kernel', [release, abi && architectureOf(abi)].filter(Boolean).join('  ') || undefined],
    ['vermagic', vermagic?.trim()],
    ['build id', buildId],
    ['configuration', options],
    ['compiler', compiled.switches?.compiler],
    ['folding', foldingText(compiled)],
    ['other passes', compiled.switches && passesText(compiled.switches)],
  ];
  const width = Math.max(...known.map(([what]) => what.length));
  return known.flatMap(([what, text]) => (text === undefined ? [] : [`${what.padEnd(width)}  ${text}`]));
}

function foldingText({ switches, folded }: Compiled): string {
  const state = switches?.passes.get(FOLDING);
  const known = folded === 0 ? 'none is known of' : `${functions(folded)} known`;
  if (state !== undefined) return state === 'off' ? 'off' : `${STATES[state]} (-f${FOLDING}): ${known}`;
  return `no object records GCC's switches: ${known}`;
}

const STATES: Readonly<Record<PassState, string>> = { on: 'on', off: 'off', mixed: 'on for some objects' };

/** What GCC may know of a function in another one: nothing of that is in the dumps. */
function passesText({ passes }: Switches): string {
  const of = (wanted: PassState) =>
    [...passes].filter(([name, state]) => name !== FOLDING && state === wanted).map(([name]) => name);
  const told = [
    [of('on'), 'on'],
    [of('mixed'), 'on for some objects'],
    [of('off'), 'off'],
  ] as const;
  return told
    .flatMap(([names, state]) => (names.length === 0 ? [] : [`${names.join(', ')} ${state}`]))
    .join('; ');
}

/** The same as docs/schema/info.schema.json has it. */
export function kernelJson(
  { release, vermagic, buildId, abi, config }: KernelIdentity,
  { switches, folded }: Compiled,
): JsonObject {
  return {
    release: release ?? null,
    vermagic: vermagic ?? null,
    buildId: buildId ?? null,
    architecture: abi === undefined ? null : architectureOf(abi),
    config: config?.path ?? null,
    compiler: switches?.compiler ?? null,
    passes: switches ? Object.fromEntries(switches.passes) : null,
    folded,
  };
}
