import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pack } from 'tar-stream';
import { afterEach } from 'vitest';
import { type Member, readArchive } from '../../src/input/archive.js';

const made: string[] = [];
afterEach(() => {
  for (const dir of made.splice(0)) rmSync(dir, { recursive: true, force: true });
});

/** A directory of its own, with these files in it; gone after the test. */
export function tree(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
  const dir = mkdtempSync(join(tmpdir(), 'klp-reach-'));
  made.push(dir);
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

export function hasCommand(name: string): boolean {
  return spawnSync(name, ['--version']).status === 0;
}

/** What `command args < input` prints. */
export function filter(command: string, args: readonly string[], input: Buffer): Buffer {
  return execFileSync(command, args, { input, maxBuffer: 2 ** 28 });
}

export interface TarMember {
  readonly name: string;
  readonly content?: string | Uint8Array;
  readonly type?: 'file' | 'symlink' | 'link' | 'directory';
  readonly linkname?: string;
}

export async function tar(members: readonly TarMember[]): Promise<Buffer> {
  const packer = pack();
  for (const { name, content = '', type = 'file', linkname } of members) {
    const link = linkname === undefined ? {} : { linkname };
    packer.entry({ name, type, mtime: new Date(1_700_000_000_000), ...link }, Buffer.from(content));
  }
  packer.finalize();
  const parts: Buffer[] = [];
  for await (const part of packer) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

export async function membersOf(path: string): Promise<Member[]> {
  const members: Member[] = [];
  await readArchive(path, (member) => {
    members.push(member);
  });
  return members;
}

/** A zstd frame of one stored block: no compressor needed. */
export function zstdFrame(content: Buffer): Buffer {
  const header = Buffer.from('28b52ffda000000000000000', 'hex');
  header.writeUInt32LE(content.length, 5);
  header.writeUIntLE((content.length << 3) | 1, 9, 3);
  return Buffer.concat([header, content]);
}

/** A frame that decompressors leave out, as pzstd writes before each of its frames. */
export function zstdSkippable(content: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt32LE(0x184d2a50, 0);
  header.writeUInt32LE(content.length, 4);
  return Buffer.concat([header, content]);
}
