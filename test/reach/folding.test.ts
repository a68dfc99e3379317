import { describe, expect, test } from 'vitest';
import { askUnit } from '../helpers/asked.js';

/** As kernel/sched/build_policy.c's pick_rt_task and pick_dl_task, of which one has nothing left. */
const equals = {
  dump: 'rt > rt_host\nrt > dl_host\n- dl',
  object: 'rt_host global\ndl_host global\nrt global\nrt_user global',
  calls: 'rt_user -> rt',
};
/** It has been called by others than its own unit's. */
const wrapped = {
  dump: 'one > host\n- two',
  object: 'one global\ntwo global\nhost global\none_user global\ntwo_user global',
  calls: 'one_user -> one\ntwo_user -> one',
};

describe('a function that was folded into an equal one', () => {
  test('has its hosts and its callers in the unit', async () => {
    const asked = await askUnit({ ...equals, folding: 'rt <- dl' });
    expect(asked.members('dl')).toEqual([
      'blocked rt',
      'gone dl',
      'patch dl_host',
      'patch rt_host',
      'patch rt_user',
    ]);
    expect(asked.member('dl', 'rt')).toMatchObject({ stuck: 'folded', live: true, deadEnd: false });
    expect(asked.member('dl', 'rt').step).toEqual({ from: 0, kind: 'folded', seq: null });
    expect(asked.unit('dl')).toMatchObject({ verdict: 'patch', unknowns: [] });
  });

  test('takes nothing from the one that is kept', async () => {
    const asked = await askUnit({ ...equals, folding: 'rt <- dl' });
    expect(asked.members('rt')).toEqual(['patch dl_host', 'patch rt', 'patch rt_host']);
  });

  test('is inside the hosts of that one', async () => {
    const asked = await askUnit({ ...equals, folding: 'rt <- dl' });
    expect(asked.members('dl_host', { direction: 'inlined' })).toEqual([
      'gone dl',
      'patch dl_host',
      'patch rt',
    ]);
  });

  test('is known though no record has it', async () => {
    const asked = await askUnit({ ...equals, dump: 'rt > rt_host', folding: 'rt <- unheard' });
    expect(asked.members('unheard')).toEqual([
      'blocked rt',
      'gone unheard',
      'patch rt_host',
      'patch rt_user',
    ]);
  });

  test('may have been folded where nothing tells', async () => {
    const asked = await askUnit(equals);
    expect(asked.unit('dl').unknowns).toMatchObject([{ code: 'folding-unknown', function: 'dl' }]);
    // Other functions are not in doubt.
    expect(asked.unit('rt').unknowns).toEqual([]);
    const told = await askUnit({ ...equals, folding: 'x <- y' });
    expect(told.unit('dl')).toMatchObject({ verdict: 'gone-everywhere', unknowns: [] });
  });

  test('may be left as a body that has the other inlined', async () => {
    const asked = await askUnit({ ...wrapped, dump: 'one > two\none > host', folding: 'one <- two' });
    expect(asked.members('two')).toEqual([
      'blocked one',
      'patch host',
      'patch one_user',
      'patch two',
      'patch two_user',
    ]);
  });

  test('may be left as a body that only jumps, which shows without being told', async () => {
    const left = { ...wrapped, dump: 'one > host', calls: `${wrapped.calls}\ntwo ~> one` };
    for (const asked of [await askUnit(left), await askUnit({ ...left, folding: 'one <- two' })]) {
      expect(asked.members('two')).toEqual([
        'blocked one',
        'patch host',
        'patch one_user',
        'patch two',
        'patch two_user',
      ]);
    }
    // A call that the source has is no such jump.
    const own = await askUnit({ ...left, calls: `${wrapped.calls}\ntwo -> one` });
    expect(own.members('two')).toEqual(['patch two']);
  });

  test('is open by the other’s address only if it has no code of its own', async () => {
    const taken = '\n.data takes one';
    const wrapper = await askUnit({
      ...wrapped,
      object: wrapped.object + taken,
      dump: 'one > two',
      folding: 'one <- two',
    });
    expect(wrapper.open('two')).toEqual([]);
    const gone = await askUnit({
      ...equals,
      object: `${equals.object}\n.data takes rt`,
      folding: 'rt <- dl',
    });
    expect(gone.open('dl')).toEqual(['rt: address (.data of a.c.000i.ipa-clones)']);
  });

  test('is not folded where GCC refused: it has code of its own that calls others', async () => {
    const asked = await askUnit({
      ...wrapped,
      dump: 'one > host',
      calls: `${wrapped.calls}\ntwo -> other`,
      folding: 'one <- two',
    });
    expect(asked.members('two')).toEqual(['patch two']);
  });

  test('a pair of variables is none', async () => {
    const asked = await askUnit({ ...equals, folding: 'table <- copy\nrt <- dl' });
    expect(() => asked.answers('copy')).toThrow(/not in the index/);
  });
});
