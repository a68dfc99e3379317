import type { Elf } from '../elf/index.js';
import {
  EM_386,
  EM_AARCH64,
  EM_ARM,
  EM_LOONGARCH,
  EM_MIPS,
  EM_PPC64,
  EM_RISCV,
  EM_S390,
  EM_X86_64,
} from '../elf/index.js';
import { abiOf } from '../symbols/object-evidence.js';
import { type KernelConfig, parseKernelConfig } from './config.js';
import { buildIdOf, configIn, modinfoOf, releaseIn } from './elf-facts.js';

/** Which kernel a build is; what nothing tells is undefined. */
export interface KernelIdentity {
  /** UTS_RELEASE: `6.1.192`. */
  readonly release?: string;
  /** What a module has to say to be loaded (VERMAGIC_STRING, include/linux/vermagic.h). */
  readonly vermagic?: string;
  /** Of vmlinux, in hexadecimal. */
  readonly buildId?: string;
  /** Machine, class and byte order: `62-64-le`. */
  readonly abi?: string;
  readonly config?: ConfigFile;
}

interface ConfigFile {
  readonly path: string;
  readonly values: KernelConfig;
}

/** A linked object that is another kernel's than the rest. */
export interface ForeignImage {
  readonly file: string;
  readonly says: string;
  readonly other: string;
}

interface Module {
  readonly file: string;
  readonly vermagic: string;
}

/** Gathers which kernel a build is from its files, as they are read. */
export class IdentityReader {
  #vmlinux: { readonly file: string; readonly release?: string; readonly buildId?: string } | undefined;
  #abi: string | undefined;
  #embedded: string | undefined;
  #config: ConfigFile | undefined;
  #release: string | undefined;
  readonly #modules: Module[] = [];

  takeVmlinux(elf: Elf): void {
    const release = releaseIn(elf);
    const buildId = buildIdOf(elf);
    const { file } = elf;
    this.#vmlinux = {
      file,
      ...(release !== undefined && { release }),
      ...(buildId !== undefined && { buildId }),
    };
    this.#abi = abiOf(elf);
    this.#embedded = configIn(elf);
  }

  takeModule(elf: Elf): void {
    const vermagic = modinfoOf(elf, 'vermagic');
    this.#abi ??= abiOf(elf);
    if (vermagic !== undefined) this.#modules.push({ file: elf.file, vermagic });
  }

  /** The first configuration counts: those of the build's root come first. */
  takeConfig(text: string, path: string): void {
    const values = parseKernelConfig(text, path);
    this.#config ??= { path, values };
  }

  /** include/config/kernel.release, or `#define UTS_RELEASE "..."` of include/generated/utsrelease.h. */
  takeRelease(text: string): void {
    const [, quoted] = /^#define UTS_RELEASE "([^"\n]+)"/m.exec(text) ?? [];
    const release = quoted ?? text.trim();
    if (/^\d+\.\d+\S*$/.test(release)) this.#release ??= release;
  }

  identity(): KernelIdentity {
    const vermagic = this.#vermagic();
    const release = this.#vmlinux?.release ?? this.#release ?? vermagic?.split(' ')[0];
    const buildId = this.#vmlinux?.buildId;
    const config = this.#config ?? this.#embeddedConfig();
    return {
      ...(release !== undefined && { release }),
      ...(vermagic !== undefined && { vermagic }),
      ...(buildId !== undefined && { buildId }),
      ...(this.#abi !== undefined && { abi: this.#abi }),
      ...(config && { config }),
    };
  }

  /** Modules that say another vermagic than the others, and those of another release than vmlinux. */
  foreign(): ForeignImage[] {
    const vermagic = this.#vermagic();
    const reference = this.#modules.find((module) => module.vermagic === vermagic);
    const others = this.#modules
      .filter((module) => module.vermagic !== vermagic)
      .map(({ file, vermagic: says }) => ({ file, says, other: reference!.file }));
    const release = this.#vmlinux?.release;
    if (release === undefined || !reference || reference.vermagic.split(' ')[0] === release) return others;
    return [{ file: reference.file, says: reference.vermagic, other: this.#vmlinux!.file }, ...others];
  }

  /** What most modules say; of equally many, those of vmlinux's release. */
  #vermagic(): string | undefined {
    const counts = new Map<string, number>();
    for (const { vermagic } of this.#modules) counts.set(vermagic, (counts.get(vermagic) ?? 0) + 1);
    const isOfVmlinux = (vermagic: string) => vermagic.split(' ')[0] === this.#vmlinux?.release;
    const ranked = [...counts].sort(
      ([a, countA], [b, countB]) => countB - countA || Number(isOfVmlinux(b)) - Number(isOfVmlinux(a)),
    );
    return ranked[0]?.[0];
  }

  #embeddedConfig(): ConfigFile | undefined {
    if (this.#embedded === undefined) return undefined;
    const path = this.#vmlinux!.file;
    return { path, values: parseKernelConfig(this.#embedded, path) };
  }
}

/** By e_machine, as the kernel calls them (`uname -m`); ppc64 and others have an ending for little endian. */
const MACHINES: Readonly<Record<number, string>> = {
  [EM_386]: 'i386',
  [EM_MIPS]: 'mips',
  [EM_PPC64]: 'ppc64',
  [EM_S390]: 's390x',
  [EM_ARM]: 'arm',
  [EM_X86_64]: 'x86_64',
  [EM_AARCH64]: 'aarch64',
  [EM_RISCV]: 'riscv',
  [EM_LOONGARCH]: 'loongarch',
};

/** `62-64-le` in words: `x86_64`. */
export function architectureOf(abi: string): string {
  const [machine, bits, order] = abi.split('-') as [string, string, string];
  const name = MACHINES[Number(machine)] ?? `machine ${machine}`;
  if (Number(machine) === EM_PPC64 && order === 'le') return 'ppc64le';
  return Number(machine) === EM_RISCV || Number(machine) === EM_LOONGARCH ? `${name}${bits}` : name;
}
