import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DisassemblyParser } from '../../src/callgraph/disassembly.js';
import { instructionSetOf } from '../../src/callgraph/instruction-set.js';
import { readObjectCalls } from '../../src/callgraph/objdump.js';
import { EM_X86_64, openElf } from '../../src/elf/index.js';
import { InputError } from '../../src/errors.js';
import { readArchive } from '../../src/input/archive.js';
import { maybeDecompress } from '../../src/input/decompress.js';
import {
  debugLinkOf,
  isStripped,
  symbolsAlone,
  withGroupsOf,
  withSymbolsOf,
} from '../../src/kernel/debug-file.js';
import { IdentityReader } from '../../src/kernel/identity.js';
import { producersIn } from '../../src/kernel/switches.js';
import { imageOf } from '../../src/symbols/image.js';
import { hasTool } from '../helpers/demo.js';
import { buildDir } from '../helpers/workplace.js';

/** How many inputs each fuzzer tries; docs/proof.md has the figures of a long run. */
const RUNS = Number(process.env['KLP_REACH_FUZZ'] ?? 60);

const demo = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../../samples/demo/build/${name}`, import.meta.url)));

interface Change {
  readonly at: number;
  readonly byte: number;
}

/** From 0 to 1, all places alike: doubles of fast-check are mostly near 0. */
const part = fc.integer({ min: 0, max: 999_999 }).map((n) => n / 1_000_000);

/** Some bytes that change, half of them where headers and tables are, and perhaps an end that comes too early. */
const damage = fc.record({
  changes: fc.array(
    fc.record({
      at: part,
      byte: fc.oneof(fc.integer({ min: 0, max: 255 }), fc.constantFrom(0, 1, 0x7f, 0x80, 0xff)),
    }),
    { maxLength: 6 },
  ),
  early: fc.boolean(),
  cut: fc.oneof({ weight: 5, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: part }),
});

function damaged(
  bytes: Buffer,
  { changes, early, cut }: { changes: readonly Change[]; early: boolean; cut: number | null },
) {
  const copy = Buffer.from(bytes);
  for (const { at, byte } of changes) {
    const edge = Math.min(4096, copy.length / 4);
    const near = at < 0.5 ? at * edge : copy.length - (at - 0.5) * edge;
    const place = early ? near : at * copy.length;
    copy[Math.min(copy.length - 1, Math.max(0, Math.floor(place)))] = byte;
  }
  return cut === null ? copy : copy.subarray(0, Math.floor(cut * copy.length));
}

/** What is refused is an InputError; anything else is a fault. Counts both. */
async function fuzz(what: string, whole: Buffer, read: (bytes: Buffer) => unknown): Promise<void> {
  const counts = { read: 0, refused: 0 };
  await fc.assert(
    fc.asyncProperty(damage, async (drawn) => {
      try {
        await read(damaged(whole, drawn));
        counts.read++;
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        counts.refused++;
      }
    }),
    { numRuns: RUNS },
  );
  if (RUNS > 60) console.log(`${what}: ${counts.read} read, ${counts.refused} refused`);
  expect(counts.read + counts.refused).toBeGreaterThanOrEqual(RUNS);
}

describe('an image', { timeout: 600_000 }, () => {
  const vmlinux = demo('vmlinux');
  const module = demo('core/state.o');

  test.each([
    ['vmlinux', vmlinux],
    ['a module', module],
  ])('%s', async (what, whole) => {
    await fuzz(what, whole, (bytes) => {
      const elf = openElf(bytes, 'f');
      const reader = new IdentityReader();
      if (whole === vmlinux) reader.takeVmlinux(elf);
      else reader.takeModule(elf);
      reader.identity();
      producersIn(elf);
      const { names, group, section } = imageOf(elf);
      expect(group).toHaveLength(names.length);
      expect(section).toHaveLength(names.length);
    });
  });

  test('and its debug file', async () => {
    const image = openElf(vmlinux, 'vmlinux');
    await fuzz('debug file', vmlinux, (bytes) => {
      const debug = openElf(bytes, 'vmlinux.debug');
      isStripped(debug);
      debugLinkOf(debug);
      imageOf(withSymbolsOf(image, openElf(symbolsAlone(debug), 'small')));
      withGroupsOf(imageOf(image), imageOf(debug));
    });
  });
});

describe.skipIf(!hasTool('objdump'))('objdump', { timeout: 600_000 }, () => {
  test('reads an object that is damaged', async () => {
    const file = join(buildDir(), 'ring.o');
    await fuzz('objdump of an object', demo('core/ring.o'), async (bytes) => {
      writeFileSync(file, bytes);
      const { callCaller, callCallee, names } = await readObjectCalls(file);
      expect(callCaller).toHaveLength(callCallee.length);
      for (const name of [...callCaller, ...callCallee]) expect(names[name]).toBeTypeOf('string');
    });
  });

  test('prints something else than it does', async () => {
    const object = fileURLToPath(new URL('../../samples/demo/build/core/ring.o', import.meta.url));
    const text = execFileSync('objdump', ['-d', '-r', '--no-show-raw-insn', object]);
    const set = instructionSetOf(EM_X86_64)!;
    await fuzz('disassembly', text, (bytes) => {
      const parser = new DisassemblyParser(set, {
        section: () => {},
        transfer: ({ offset }) => expect(offset).toBeTypeOf('number'),
      });
      for (let at = 0; at < bytes.length; at += 1000) parser.push(bytes.toString('latin1', at, at + 1000));
      parser.end();
    });
  });
});

describe('an archive', { timeout: 600_000 }, () => {
  const folder = fileURLToPath(new URL('../../samples/demo/build', import.meta.url));
  const tar = execFileSync('tar', ['-cf', '-', '-C', folder, 'core', 'fs'], { maxBuffer: 2 ** 26 });
  const path = join(buildDir(), 'a.tar');

  test.each<[string, (bytes: Buffer) => Buffer, string | undefined]>([
    ['as it is', (bytes) => bytes, undefined],
    ['gzip', (bytes) => gzipSync(bytes), undefined],
    ['xz', (bytes) => packed('xz', bytes), 'xz'],
    ['zstd', (bytes) => packed('zstd', bytes), 'zstd'],
    ['bzip2', (bytes) => packed('bzip2', bytes), 'bzip2'],
  ])('%s', async (what, pack, tool) => {
    if (tool !== undefined && !hasTool(tool)) return;
    await fuzz(`archive, ${what}`, pack(tar), async (bytes) => {
      writeFileSync(path, bytes);
      await readArchive(path, ({ name, bytes: content, size }) => {
        expect(name).not.toBe('');
        expect(content.length).toBe(size);
      });
    });
  });
});

describe('a compressed file', { timeout: 600_000 }, () => {
  const content = demo('init/main.o');
  test.each<[string, (bytes: Buffer) => Buffer, string | undefined]>([
    ['gzip', (bytes) => gzipSync(bytes), undefined],
    ['xz', (bytes) => packed('xz', bytes), 'xz'],
    ['zstd', (bytes) => packed('zstd', bytes), 'zstd'],
    ['bzip2', (bytes) => packed('bzip2', bytes), 'bzip2'],
  ])('%s: what it held, or refused', async (what, pack, tool) => {
    if (tool !== undefined && !hasTool(tool)) return;
    const whole = pack(content);
    const head = whole.subarray(0, 4);
    await fuzz(`file, ${what}`, whole, async (bytes) => {
      const read = await maybeDecompress(bytes, 'f');
      // Without its magic it is no compressed file; all of them have checksums of what they hold.
      if (bytes.subarray(0, 4).equals(head) && read !== bytes) expect(read.equals(content)).toBe(true);
    });
  });
});

function packed(program: string, bytes: Buffer): Buffer {
  return execFileSync(program, ['-c', '-q'], { input: bytes, maxBuffer: 2 ** 26 });
}
