/**
 * An input that cannot be used, or a command line that cannot be run: the user can mend it, so the message says
 * where it is, what is wrong and what to do. Everything else that is thrown is a bug of klp-reach.
 */
export class InputError extends Error {
  override readonly name = 'InputError';

  /**
   * @param where the file, `FILE:LINE`, or '' where there is no file
   * @param what what is wrong
   * @param advice what the user can do about it
   */
  constructor(
    readonly where: string,
    readonly what: string,
    readonly advice = '',
  ) {
    super(`${where === '' ? '' : `${where}: `}${what}${advice === '' ? '' : `; ${advice}`}`);
  }
}
