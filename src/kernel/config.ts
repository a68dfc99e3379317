import { gunzipSync } from 'node:zlib';
import { InputError } from '../errors.js';

/** A kernel's configuration: the options that are set, and what to. */
export type KernelConfig = ReadonlyMap<string, string>;

const SET = /^(CONFIG_\w+)=(.*)$/;

/**
 * Reads a `.config` as conf_read_simple does (scripts/kconfig/confdata.c): `CONFIG_X=VALUE` lines; what is not set is a comment,
 * or not there.
 *
 * @throws InputError where it sets nothing
 */
export function parseKernelConfig(text: string, file: string): KernelConfig {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = SET.exec(line.trimEnd()) ?? [];
    if (name !== undefined) values.set(name, value!);
  }
  if (values.size === 0)
    throw new InputError(file, 'sets no option of a kernel', 'give the .config of the build');
  return values;
}

/** Around the gzipped .config in an image with CONFIG_IKCONFIG (kernel/configs.c). */
const START = Buffer.from('IKCFG_ST');
const END = Buffer.from('IKCFG_ED');
const LARGEST = 2 ** 24;

/** The text of the configuration that a kernel carries in these bytes (scripts/extract-ikconfig), if it does. */
export function embeddedConfig(bytes: Uint8Array): string | undefined {
  const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = data.indexOf(START); at >= 0; at = data.indexOf(START, at + 1)) {
    const start = at + START.length;
    const end = data.indexOf(END, start);
    if (end < 0) return undefined;
    if (data[start] !== 0x1f || data[start + 1] !== 0x8b) continue;
    try {
      return gunzipSync(data.subarray(start, end), { maxOutputLength: LARGEST }).toString('utf8');
    } catch {
      // A text that only looks like the mark.
    }
  }
  return undefined;
}
