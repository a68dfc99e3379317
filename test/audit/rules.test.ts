import { describe, expect, test } from 'vitest';
import { applyRules } from '../../src/audit/apply-rules.js';
import { AUDIT_RULES } from '../../src/audit/audit-rules.js';
import type { AuditFacts } from '../../src/audit/facts.js';
import { CALL } from '../../src/reach/unit-function.js';
import { changed, facts, required, standIn, symbol, target, targetWithout, unit } from './facts.js';

/** `severity rule subject` of all that is found. */
const found = (more: Partial<AuditFacts>) =>
  applyRules(AUDIT_RULES, facts(more)).map(({ severity, rule, subject }) => `${severity} ${rule} ${subject}`);
const remedies = (more: Partial<AuditFacts>) =>
  applyRules(AUDIT_RULES, facts(more)).map(({ remedy }) => remedy);

interface Case {
  readonly fires: Partial<AuditFacts>;
  readonly finding: string;
  /** The nearest case in which no rule says anything. */
  readonly quiet: Partial<AuditFacts>;
}

const two = [
  symbol('s', { position: 1, total: 2 }),
  symbol('s', { position: 2, total: 2, unit: 2, source: 'mm/b.c' }),
];
const [ofA, ofB] = two as [(typeof two)[0], (typeof two)[0]];
const inlined = { from: 0, kind: 'inlining to', seq: 1 };
const call = { from: 0, kind: CALL, seq: null };
const blocked = { class: 'blocked', blocked: 'no ftrace site', step: inlined } as const;
const answered = { answers: [{} as AuditFacts['changed'][number]['answers'][number]] };

const CASES: Readonly<Record<string, Case>> = {
  'missed-copy: a host that is not patched': {
    fires: { required: [required('host', { step: inlined })], targets: [] },
    finding: 'error missed-copy host',
    quiet: { required: [required('host', { step: inlined })], targets: [target('host')] },
  },
  'missed-copy: the changed function itself': {
    fires: { required: [required('f')], targets: [] },
    finding: 'error missed-copy f',
    quiet: { required: [required('f')] },
  },
  'missed-copy: of two functions of one name, the other is patched': {
    fires: {
      required: [required('s'), required('s', {}, { unit: unit(2, 'b') })],
      targets: [target('s', { candidates: two, symbol: ofA, sympos: 1 })],
    },
    finding: 'error missed-copy s',
    quiet: {
      required: [required('s'), required('s', {}, { unit: unit(2, 'b') })],
      targets: [
        target('s', { candidates: two, symbol: ofA, sympos: 1 }),
        target('s', { candidates: two, symbol: ofB, sympos: 2 }),
      ],
    },
  },
  'missed-copy: the same name in another module is no cover': {
    fires: {
      required: [required('f', {}, { unit: unit(1, 'a', 'xfs') })],
      targets: [target('f', { symbol: symbol('f', { unit: null }) })],
    },
    finding: 'error missed-copy f',
    quiet: {
      required: [required('f', {}, { unit: unit(1, 'a', 'xfs') })],
      targets: [
        target('f', { object: 'xfs', symbol: symbol('f', { object: 'xfs', unit: null, section: null }) }),
      ],
    },
  },
  'missed-clone-caller': {
    fires: { required: [required('caller', { step: call })], targets: [] },
    finding: 'error missed-clone-caller caller',
    quiet: { required: [required('caller', { step: call })], targets: [target('caller')] },
  },
  'blocked-copy: its callers are not all patched': {
    fires: {
      required: [required('quiet', blocked)],
      standIns: [standIn('one', required('quiet', blocked)), standIn('two', required('quiet', blocked))],
      targets: [target('one')],
    },
    finding: 'error blocked-copy quiet',
    quiet: {
      required: [required('quiet', blocked)],
      standIns: [standIn('one', required('quiet', blocked))],
      targets: [target('one')],
    },
  },
  'blocked-copy: nobody is known to call it': {
    fires: { required: [required('quiet', blocked)], targets: [] },
    finding: 'error blocked-copy quiet',
    quiet: { required: [required('loud', { class: 'gone', step: inlined })], targets: [] },
  },
  'blocked-copy: init code has run': {
    fires: {
      required: [
        required('setup', {
          ...blocked,
          symbol: { section: '.init.text' } as NonNullable<ReturnType<typeof required>['function']['symbol']>,
        }),
      ],
    },
    finding: 'note blocked-copy setup',
    quiet: { required: [required('setup', { step: inlined })] },
  },
  'target-absent: no such name': {
    fires: { targets: [targetWithout('nope')] },
    finding: 'error target-absent nope',
    quiet: { targets: [target('nope')] },
  },
  'target-absent: inlined away': {
    fires: { targets: [targetWithout('f', { fate: { hosts: ['host'], clones: [], isClone: false } })] },
    finding: 'error target-absent f',
    quiet: { targets: [target('f', { fate: { hosts: ['host'], clones: [], isClone: false } })] },
  },
  'wrong-object': {
    fires: { targets: [targetWithout('g', { elsewhere: [symbol('g', { object: 'xfs' })] })] },
    finding: 'error wrong-object g',
    quiet: { targets: [target('g', { elsewhere: [symbol('g', { object: 'xfs' })] })] },
  },
  'target-ambiguous': {
    fires: { targets: [targetWithout('s', { candidates: two })] },
    finding: 'error target-ambiguous s',
    quiet: { targets: [target('s', { candidates: two, symbol: ofB, sympos: 2 })] },
  },
  'wrong-sympos: past the end': {
    fires: { targets: [targetWithout('s', { candidates: two, sympos: 3 })] },
    finding: 'error wrong-sympos s',
    quiet: { targets: [target('s', { candidates: two, symbol: ofA, sympos: 1 })] },
  },
  'target-is-clone': {
    fires: {
      targets: [target('f.isra.0', { fate: { hosts: [], clones: [], isClone: true } })],
    },
    finding: 'error target-is-clone f.isra.0',
    quiet: { targets: [target('f', { fate: { hosts: [], clones: ['f.isra.0'], isClone: false } })] },
  },
  'target-in-init': {
    fires: { targets: [target('setup', { symbol: symbol('setup', { section: '.init.text' }) })] },
    finding: 'error target-in-init setup',
    quiet: { targets: [target('setup', { symbol: symbol('setup', { section: '.text.unlikely' }) })] },
  },
  'target-not-traceable': {
    fires: {
      changed: [changed('f', answered)],
      targets: [target('quiet', { symbol: symbol('quiet', { traceable: false }) })],
    },
    finding: 'error target-not-traceable quiet',
    // Where nothing tells, nothing is said.
    quiet: { targets: [target('quiet', { symbol: symbol('quiet', { traceable: null }) })] },
  },
  'untraceable-change': {
    fires: { untraceable: [{ file: 'mm/a.c', line: 3, kind: 'macro', name: 'LIMIT', users: ['f'] }] },
    finding: 'warning untraceable-change LIMIT',
    quiet: { untraceable: [] },
  },
  'not-built': {
    fires: { changed: [changed('f')] },
    finding: 'warning not-built f',
    quiet: { changed: [changed('f', answered)] },
  },
  'guessed-function': {
    fires: { changed: [changed('f', { ...answered, how: 'guessed' })] },
    finding: 'warning guessed-function f',
    quiet: { changed: [changed('f', { ...answered, how: 'named' })] },
  },
  'guessed-function: what else the fix does to it': {
    fires: { changed: [changed('f', { ...answered, notes: ['the fix makes it inline'] })] },
    finding: 'note guessed-function f',
    quiet: { changed: [changed('f', { ...answered, how: 'recovered' })] },
  },
  'icf-shared': {
    fires: { required: [required('f', { aliases: ['g'] })] },
    finding: 'warning icf-shared f',
    quiet: { required: [required('f', { aliases: ['g'], class: 'gone' })] },
  },
  'incomplete-data: a dump': {
    fires: { unknown: [{ unit: 'mm/a.c.000i.ipa-clones', function: '', why: 'there is no object' }] },
    finding: 'warning incomplete-data mm/a.c.000i.ipa-clones',
    quiet: { unknown: [] },
  },
  'incomplete-data: the symbols of a module': {
    fires: { targets: [targetWithout('f', { object: 'btrfs' })] },
    finding: 'warning incomplete-data btrfs',
    quiet: { targets: [target('f', { object: 'xfs' })] },
  },
  'unneeded-target': {
    fires: {
      changed: [changed('f', answered)],
      required: [required('f')],
      targets: [target('f'), target('h')],
    },
    finding: 'note unneeded-target h',
    // A caller stands in for what cannot be redirected.
    quiet: {
      changed: [changed('f', answered)],
      required: [required('f'), required('quiet', blocked)],
      targets: [target('f'), target('h')],
      standIns: [standIn('h', required('quiet', blocked))],
    },
  },
};

describe.each(Object.entries(CASES))('%s', (_, { fires, finding, quiet }) => {
  test('is found', () => expect(found(fires)).toEqual([finding]));
  test('is not found next to it', () => expect(found(quiet)).toEqual([]));
});

test('every rule about a fix and the functions of its livepatch has a case', () => {
  const tested = new Set(Object.values(CASES).map(({ finding }) => finding.split(' ')[1]));
  const rules = AUDIT_RULES.filter(({ id }) => !/^(reference|rela|symbols)-/.test(id));
  expect([...tested].sort()).toEqual(rules.map(({ id }) => id).sort());
});

test('wrong-sympos: another file’s function is replaced, and the right one is not', () => {
  const wrong = {
    changed: [changed('f', answered)],
    required: [required('s')],
    targets: [target('s', { candidates: two, symbol: ofB, sympos: 2 })],
  };
  expect(found(wrong)).toEqual(['error missed-copy s', 'error wrong-sympos s', 'note unneeded-target s']);
  expect(remedies(wrong)).toContain('use position 1');
});

describe('says what to do', () => {
  test.each<[string, Partial<AuditFacts>, RegExp]>([
    [
      'target-ambiguous: which position the fix means',
      { required: [], targets: [targetWithout('s', { candidates: two })] },
      /the one that is meant/,
    ],
    [
      'target-absent: only clones are left',
      { targets: [targetWithout('f', { fate: { hosts: [], clones: ['f.isra.0'], isClone: false } })] },
      /callers of its clones/,
    ],
    ['wrong-object', CASES['wrong-object']!.fires, /klp_object of xfs/],
    [
      'blocked-copy',
      CASES['blocked-copy: its callers are not all patched']!.fires,
      /copy of the new quiet: two$/,
    ],
    ['untraceable-change', CASES['untraceable-change']!.fires, /--changed f@mm\/a\.c/],
  ])('%s', (_, input, remedy) => expect(remedies(input).join('\n')).toMatch(remedy));

  test('target-ambiguous names the position of the function that the fix changes', () => {
    const input = { required: [required('s')], targets: [targetWithout('s', { candidates: two })] };
    expect(remedies(input)).toContain('set .old_sympos = 1, the one of mm/a.c');
  });
});
