export { changedFunctions } from './changed-functions.js';
export type * from './fix.js';
export { parseFix } from './parse-fix.js';
