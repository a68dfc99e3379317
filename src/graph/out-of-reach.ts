/** Binaries that are built with the kernel but not part of it at run time: livepatch knows vmlinux and modules only. */
export interface OtherBinary {
  /** For a sentence: `the vDSO`. */
  readonly name: string;
  /** Whether its code still runs when the kernel does. */
  readonly runs: boolean;
}

const BINARIES: readonly (readonly [RegExp, OtherBinary])[] = [
  [/(^|\/)(vdso(32|64)?|vdso-[^/]*)\//, { name: 'the vDSO', runs: true }],
  [/(^|\/)realmode\//, { name: 'the real-mode trampoline', runs: true }],
  [/(^|\/)purgatory\//, { name: 'the kexec purgatory', runs: true }],
  [/^arch\/[^/]+\/boot\/|(^|\/)libstub\//, { name: 'the boot wrapper', runs: false }],
];

/** The binary that a source's folder says, where it is not vmlinux or a module. */
export function binaryOf(source: string): OtherBinary | undefined {
  return BINARIES.find(([where]) => where.test(source))?.[1];
}

/** A binary that nothing names: as far as anybody knows it runs. */
export const SOME_BINARY: OtherBinary = { name: 'neither vmlinux nor a module', runs: true };
