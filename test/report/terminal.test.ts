import { afterEach, describe, expect, test } from 'vitest';
import { colours, terminalWidth } from '../../src/report/terminal.js';

const stdout = { isTTY: process.stdout.isTTY, columns: process.stdout.columns };
const variables = ['NO_COLOR', 'FORCE_COLOR', 'TERM', 'COLUMNS'];
const before = variables.map((name) => [name, process.env[name]] as const);

afterEach(() => {
  Object.assign(process.stdout, stdout);
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
});

function on(isTTY: boolean, env: Readonly<Record<string, string>>, columns = 0): void {
  Object.assign(process.stdout, { isTTY, columns });
  for (const name of variables) delete process.env[name];
  Object.assign(process.env, env);
}

test.each([
  [false, {}, false],
  [true, { TERM: 'xterm' }, true],
  [true, { TERM: 'dumb' }, false],
  [true, { TERM: 'xterm', NO_COLOR: '1' }, false],
  [true, { TERM: 'xterm', NO_COLOR: '' }, true],
  [true, { TERM: 'xterm', FORCE_COLOR: '0' }, false],
  [true, { TERM: 'xterm', FORCE_COLOR: 'false' }, false],
  [false, { FORCE_COLOR: '1' }, true],
  [false, { FORCE_COLOR: '1', TERM: 'dumb' }, true],
  [false, { FORCE_COLOR: '' }, false],
  [false, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
])('colours: terminal %s, %j', (isTTY, env, has) => {
  on(isTTY, env as Record<string, string>);
  expect(colours().isColorSupported).toBe(has);
});

describe('the width', () => {
  test.each([
    [true, {}, 132, 132],
    [true, { COLUMNS: '60' }, 132, 132],
    [true, {}, 0, 80],
    [true, {}, 20, 40],
    [false, {}, 0, 100],
    [false, { COLUMNS: '120' }, 0, 120],
    [false, { COLUMNS: 'many' }, 0, 100],
    [false, { COLUMNS: '-5' }, 0, 100],
    [false, { COLUMNS: '0' }, 0, 100],
  ])('terminal %s, %j, %d columns', (isTTY, env, columns, width) => {
    on(isTTY, env as Record<string, string>, columns);
    expect(terminalWidth()).toBe(width);
  });
});
