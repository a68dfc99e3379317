import { InputError } from '../errors.js';

/** One #if that is not yet ended. */
interface Frame {
  /** The conditions of the branches before this one; they were all false. */
  readonly earlier: string[];
  /** What this branch itself says; '' for nothing. */
  own: string;
  /** What this branch needs, the earlier ones' negations included; '' for nothing. */
  condition: string;
  /** Whether this branch is left out for certain (`#if 0`). */
  skipped: boolean;
  /** Whether a branch before was taken for certain (`#if 1`). */
  taken: boolean;
  readonly line: number;
}

/** How deep #if may nest: C11 promises 63 (5.2.4.1). */
const DEEPEST = 500;

/**
 * The preprocessor's conditions at a place of a C file. Which of them hold is the kernel configuration's to say: only
 * `#if 0` and `#if 1` are decided here, everything else is kept as a condition.
 */
export class Conditions {
  private readonly frames: Frame[] = [];

  constructor(private readonly path: string) {}

  /** Whether the place is left out. */
  get skipped(): boolean {
    return this.frames.some((frame) => frame.skipped);
  }

  /** The conditions that the place is under, outermost first. */
  get current(): readonly string[] {
    return this.frames.map(({ condition }) => condition).filter((condition) => condition !== '');
  }

  /** Takes a directive. Returns whether it was a conditional one. */
  directive(word: string, rest: string, line: number): boolean {
    switch (word) {
      case 'if':
        this.open(rest, line);
        return true;
      case 'ifdef':
        this.open(`defined(${rest})`, line);
        return true;
      case 'ifndef':
        this.open(`!defined(${rest})`, line);
        return true;
      case 'elif':
        this.next(rest, line);
        return true;
      case 'elifdef':
        this.next(`defined(${rest})`, line);
        return true;
      case 'elifndef':
        this.next(`!defined(${rest})`, line);
        return true;
      case 'else':
        this.next('1', line);
        return true;
      case 'endif':
        this.top(line);
        this.frames.pop();
        return true;
      default:
        return false;
    }
  }

  /** Drops the condition of an include guard: a file is read once. */
  ignoreGuard(name: string): void {
    const top = this.frames.at(-1);
    if (top?.condition === `!defined(${name})` && top.earlier.length === 0) {
      top.condition = '';
      top.own = '';
    }
  }

  /** @throws InputError where an #if has no #endif */
  end(): void {
    const open = this.frames.at(-1);
    if (open)
      throw new InputError(`${this.path}:${open.line}`, 'has an #if without #endif', 'is the file cut off?');
  }

  private open(condition: string, line: number): void {
    if (this.frames.length === DEEPEST) {
      throw new InputError(`${this.path}:${line}`, 'has an #if that is too deep', 'is it a C file?');
    }
    const frame: Frame = { earlier: [], own: '', condition: '', skipped: false, taken: false, line };
    this.frames.push(frame);
    this.enter(frame, condition);
  }

  private next(condition: string, line: number): void {
    const frame = this.top(line);
    if (frame.own !== '') frame.earlier.push(negated(frame.own));
    else if (!frame.skipped) frame.taken = true;
    this.enter(frame, condition);
  }

  private enter(frame: Frame, condition: string): void {
    const value = /^\(*\s*([01])\s*\)*$/.exec(condition)?.[1];
    frame.skipped = frame.taken || value === '0';
    frame.own = frame.skipped || value === '1' ? '' : plain(condition);
    const parts = frame.own === '' ? frame.earlier : [...frame.earlier, frame.own];
    frame.condition = frame.skipped ? '' : allOf(parts);
  }

  private top(line: number): Frame {
    const frame = this.frames.at(-1);
    if (!frame)
      throw new InputError(
        `${this.path}:${line}`,
        'has an #else or #endif without #if',
        'is it a whole file?',
      );
    return frame;
  }
}

/** One condition for several that all have to hold. */
export function allOf(conditions: readonly string[]): string {
  if (conditions.length === 1) return conditions[0]!;
  return conditions.map((one) => (BINDS_LESS.test(one) ? `(${one})` : one)).join(' && ');
}

/** Operators that `&&` would tear apart. */
const BINDS_LESS = /\|\||\?/;

function plain(condition: string): string {
  return condition.trim().replaceAll(/\s+/g, ' ');
}

function negated(condition: string): string {
  const inner = /^!(\w+(?:\([^()]*\))?)$/.exec(condition)?.[1];
  if (inner !== undefined) return inner;
  return /^\w+(?:\([^()]*\))?$/.test(condition) ? `!${condition}` : `!(${condition})`;
}
