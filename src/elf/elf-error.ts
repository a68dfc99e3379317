import { InputError } from '../errors.js';

/** A file that is no ELF file, or a damaged or truncated one. `where` is the file's name. */
export class ElfError extends InputError {
  constructor(file: string, what: string, advice = 'is the file complete, and is it the right one?') {
    super(file, what, advice);
  }
}
