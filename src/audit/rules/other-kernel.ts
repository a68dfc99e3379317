import { architectureOf, type KernelIdentity } from '../../kernel/identity.js';
import type { LivepatchKernel } from '../facts.js';
import type { Rule } from '../finding.js';

/**
 * check_modinfo and elf_validity_check (kernel/module/main.c) refuse a module of another vermagic or machine. With
 * CONFIG_MODVERSIONS the release may differ; but positions, copies and clones are those of one build.
 */
export const otherKernel: Rule = {
  id: 'other-kernel',
  severity: 'error',
  summary: 'The livepatch was built for another kernel than the one that it is held against',
  *check({ kernel, livepatchKernels }) {
    for (const module of livepatchKernels) {
      const difference = machineDifference(module, kernel) ?? vermagicDifference(module, kernel);
      if (difference === undefined) continue;
      yield {
        subject: module.file.slice(module.file.lastIndexOf('/') + 1),
        file: module.file,
        message: difference,
        remedy: 'build it with the tree of this kernel, or index the build that it is for',
      };
    }
  },
};

function machineDifference({ abi }: LivepatchKernel, kernel: KernelIdentity): string | undefined {
  if (kernel.abi === undefined || kernel.abi === abi) return undefined;
  const [own, built] = [architectureOf(abi), architectureOf(kernel.abi)];
  // What has one name differs in class or byte order.
  return own === built
    ? `the livepatch is for ${own} (${abi}), and the build for ${built} (${kernel.abi})`
    : `the livepatch is for ${own}, and the build for ${built}`;
}

function vermagicDifference({ vermagic }: LivepatchKernel, kernel: KernelIdentity): string | undefined {
  if (vermagic === undefined) return undefined;
  if (kernel.vermagic !== undefined) {
    if (kernel.vermagic.trim() === vermagic.trim()) return undefined;
    return `the livepatch is for the kernel \`${vermagic.trim()}\`, and the build is \`${kernel.vermagic.trim()}\``;
  }
  const [release] = vermagic.split(' ');
  if (kernel.release === undefined || kernel.release === release) return undefined;
  return `the livepatch is for the kernel ${release}, and the build is ${kernel.release}`;
}
