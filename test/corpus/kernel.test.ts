import { afterAll, beforeAll, describe } from 'vitest';
import { openCorpus } from '../helpers/corpus.js';
import { whyNoBuild } from '../helpers/corpus-build.js';
import { bodyTests } from './bodies.js';
import { callTests } from './calls.js';
import { foldingTests } from './folding.js';
import { gcc11Tests } from './gcc11.js';
import { hostTests } from './hosts.js';
import { imageTests } from './images.js';
import { indexTests } from './indexed.js';
import { Kernel, MINUTE } from './kernel.js';
import { linkTests } from './linked.js';
import { naiveTests } from './naive.js';
import { patchSetTests, questionTests } from './patch-sets.js';

const corpus = openCorpus();
const why = whyNoBuild(corpus);
if (why !== '') console.warn(`a real kernel is not tested: ${why}`);

describe.skipIf(why !== '')('a real kernel', () => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await Kernel.open(corpus);
  }, 10 * MINUTE);
  afterAll(() => kernel?.close(), MINUTE);

  describe('the index', () => indexTests(() => kernel));
  describe('the linked objects', () => linkTests(() => kernel));
  describe('patch sets', () => patchSetTests(corpus, () => kernel));
  describe('folding', () => foldingTests(corpus, () => kernel));
  describe('hosts', () => hostTests(corpus, () => kernel));
  describe('reach', () => naiveTests(() => kernel));
  describe('bodies', () => bodyTests(corpus, () => kernel));
  describe('calls', () => callTests(corpus, () => kernel));

  describe('units of images', () => imageTests(() => kernel));
  describe('units of images, modules stripped', () => imageTests(() => kernel, 'stripped'));

  /** The last ones, as they change the index. */
  const whyNot = whyNoBuild(corpus, 'gcc11');
  describe.skipIf(whyNot !== '')('with a second build in its index, by GCC 11', () => {
    let second: Kernel;
    let first: Kernel;
    beforeAll(async () => {
      second = await Kernel.open(corpus, 'gcc11', kernel.db);
      first = new Kernel(kernel.db, kernel.build, kernel.files, kernel.report);
    }, 10 * MINUTE);
    afterAll(() => {
      first?.index.close();
      second?.close();
    }, MINUTE);

    gcc11Tests(() => second);
    describe('units of images', () => imageTests(() => second));
    questionTests(corpus, () => first);
  });
});
