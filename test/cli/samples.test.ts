import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { klpReach } from '../helpers/command.js';
import { newIndex } from '../helpers/workplace.js';

// The expected answers are those of samples/README.md, which were checked without klp-reach.
const samples = (path: string) => fileURLToPath(new URL(`../../samples/${path}`, import.meta.url));

interface Function {
  readonly name: string;
  readonly class: string;
}

/** The names of each class, over all units. */
async function classes(db: string, symbol: string): Promise<Record<string, string[]>> {
  const ran = await klpReach(['affected', symbol, '--db', db, '-f', 'json']);
  expect(ran).toMatchObject({ code: 0, err: '' });
  const functions: Function[] = JSON.parse(ran.out).answers.flatMap(
    (answer: { units: { members: Function[] }[] }) => answer.units.flatMap((unit) => unit.members),
  );
  const names: Record<string, string[]> = {};
  for (const f of functions) names[f.class] = [...new Set([...(names[f.class] ?? []), f.name])].sort();
  return names;
}

describe('demo', () => {
  const db = newIndex();
  beforeAll(async () => {
    expect(await klpReach(['index', samples('demo/build'), '--db', db])).toMatchObject({ code: 0 });
  });

  test('record_fits: what a livepatch has to replace, and what it cannot', async () => {
    expect(await classes(db, 'record_fits')).toEqual({
      patch: ['__x64_sys_ringlog_write', 'ring_append', 'ring_drain', 'ring_read', 'ring_resize'],
      blocked: ['record_urgent'],
      init: ['ringlog_init'],
      clone: ['record_verify.isra.0', 'ring_make_room.part.0'],
      gone: [
        '__do_sys_ringlog_write',
        'record_fits',
        'record_verify',
        'ring_make_room',
        'ringlog_replay',
        'ringlog_replay.constprop.0',
      ],
    });
  });

  test.each([
    ['index_before', ['index_find', 'index_insert']],
    ['rotate', ['checksum_block', 'checksum_text']],
    ['__do_sys_ringlog_read', ['__x64_sys_ringlog_read']],
  ])('%s', async (symbol, hosts) => {
    const { gone, ...emitted } = await classes(db, symbol);
    expect(gone).toContain(symbol);
    const names = Object.values(emitted).flat();
    for (const host of hosts) expect([...names, ...gone!]).toContain(host);
  });

  test('state_show is two functions', async () => {
    const ran = await klpReach(['affected', 'state_show', '--db', db, '-f', 'json']);
    expect(JSON.parse(ran.out).answers.map(({ file }: { file: string }) => file)).toEqual([
      'core/state.c',
      'fs/file.c',
    ]);
  });
});

describe('kernel', () => {
  const db = newIndex();
  beforeAll(async () => {
    const ran = await klpReach(['index', samples('kernel'), '--db', db]);
    expect(ran.code).toBe(0);
    expect(ran.out + ran.err).toContain('8 units');
  });

  test.each([
    ['show_val_kb', 'patch', 'meminfo_proc_show'],
    ['__ep_eventpoll_poll', 'clone', '__ep_eventpoll_poll.isra.0'],
    ['audit_free_reply', 'clone', 'audit_send_reply.constprop.0'],
    ['schedule_work', 'gone', 'schedule_work.isra.0'],
    ['__clear_shadow_entry', 'patch', 'truncate_inode_pages_range'],
  ])('%s reaches, as %s, %s', async (symbol, kind, host) => {
    expect((await classes(db, symbol))[kind]).toContain(host);
  });
});
