/** Rows of problems, as `ProblemRow` has them. */
export const PROBLEMS = `SELECT p.code, p.file, p.line, p.other, p.what, p.more, u.path AS unit, b.name AS build
  FROM problem p JOIN build b ON b.id = p.build LEFT JOIN unit u ON u.id = p.unit`;

/** Those of the build first. */
export const PROBLEM_ORDER = 'ORDER BY b.name, u.path, p.file, p.line, p.code';
