import { describe, expect, test } from 'vitest';
import { evaluateCondition } from '../../src/kernel/condition.js';
import { parseKernelConfig } from '../../src/kernel/config.js';

const config = parseKernelConfig(
  `CONFIG_X86_64=y
CONFIG_NFS_FS=m
# CONFIG_XFS_FS is not set
CONFIG_HZ=250
CONFIG_PHYSICAL_START=0x1000000
CONFIG_LOCALVERSION="-lp"
`,
  '.config',
);

describe('by the .config', () => {
  test.each([
    ['defined(CONFIG_X86_64)', 'on'],
    ['defined CONFIG_X86_64', 'on'],
    ['defined(CONFIG_NFS_FS)', 'off'],
    ['defined(CONFIG_NFS_FS_MODULE)', 'on'],
    ['defined(CONFIG_XFS_FS)', 'off'],
    ['defined(CONFIG_NOT_SET_AT_ALL)', 'off'],
    ['!defined(CONFIG_NOT_SET_AT_ALL)', 'on'],
    ['IS_ENABLED(CONFIG_X86_64)', 'on'],
    ['IS_ENABLED(CONFIG_NFS_FS)', 'on'],
    ['IS_ENABLED(CONFIG_XFS_FS)', 'off'],
    ['IS_ENABLED(CONFIG_HZ)', 'off'],
    ['IS_BUILTIN(CONFIG_NFS_FS)', 'off'],
    ['IS_MODULE(CONFIG_NFS_FS)', 'on'],
    ['IS_REACHABLE(CONFIG_NFS_FS)', 'on'],
    ['IS_REACHABLE(CONFIG_XFS_FS)', 'off'],
    ['CONFIG_X86_64', 'on'],
    ['CONFIG_XFS_FS', 'off'],
    ['CONFIG_HZ == 250', 'on'],
    ['CONFIG_HZ > 2 * 100 && CONFIG_HZ < 0x100', 'on'],
    ['CONFIG_PHYSICAL_START & 0xff', 'off'],
    ['CONFIG_LOCALVERSION', 'unknown'],
    ['defined(CONFIG_LOCALVERSION)', 'on'],
    ['IS_ENABLED(CONFIG_XFS_FS) || IS_ENABLED(CONFIG_NFS_FS)', 'on'],
    ['IS_ENABLED(CONFIG_XFS_FS) && IS_ENABLED(CONFIG_NFS_FS)', 'off'],
    ['!(IS_ENABLED(CONFIG_XFS_FS) && defined(__clang__))', 'on'],
    ['CONFIG_XFS_FS ? OWN_MACRO : 1', 'on'],
    ['LINUX_VERSION_CODE >= KERNEL_VERSION(6, 1, 0)', 'on'],
    ['LINUX_VERSION_CODE < KERNEL_VERSION(5,15,0)', 'off'],
    ['defined(MODULE) && defined(__KERNEL__) && !defined(__GENKSYMS__)', 'on'],
    ['017 == 15', 'on'],
  ])('%s is %s', (text, verdict) => {
    expect(evaluateCondition(text, { config, release: '6.1.192-lp' })).toBe(verdict);
  });
});

describe('what is not known', () => {
  test.each([
    'OWN_MACRO',
    'defined(OWN_MACRO)',
    'OWN_MACRO(CONFIG_X86_64)',
    'IS_ENABLED(CONFIG_X86_64, 1)',
    'CONFIG_X86_64 && OWN_MACRO',
    'CONFIG_XFS_FS || OWN_MACRO',
    '1 / CONFIG_XFS_FS',
    '1 << 100',
    '',
    '(',
    ')',
    '1 1',
    '1 +',
    'defined',
    'defined(',
    'IS_ENABLED(',
    '"text"',
    "'c' == 99",
    `${'('.repeat(100_000)}1`,
    `${'!'.repeat(100_000)}1`,
    '1 ? '.repeat(100_000),
    '089',
  ])('%s', (text) => {
    expect(evaluateCondition(text, { config })).toBe('unknown');
  });

  test.each([
    ['CONFIG_XFS_FS && OWN_MACRO', 'off'],
    ['CONFIG_X86_64 || OWN_MACRO', 'on'],
    ['OWN_MACRO && 0', 'off'],
    ['OWN_MACRO ? 1 : 1', 'on'],
  ])('%s: the rest decides that it is %s', (text, verdict) => {
    expect(evaluateCondition(text, { config })).toBe(verdict);
  });

  test('without a .config, every option', () => {
    for (const text of ['IS_ENABLED(CONFIG_A)', 'defined(CONFIG_A)', '!defined(CONFIG_A)', 'CONFIG_A'])
      expect(evaluateCondition(text, {})).toBe('unknown');
    expect(evaluateCondition('LINUX_VERSION_CODE > 1', {})).toBe('unknown');
  });
});
