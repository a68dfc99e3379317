import { UNSEEN, visible } from './visible.js';

/** A string literal of C with the bytes of the text: what does not show is written in octal, which is never too long. */
export function cString(text: string): string {
  const quoted = text.replaceAll(/["\\]/g, '\\$&').replace(UNSEEN, octal);
  // `??` may begin a trigraph.
  return `"${quoted.replaceAll(/(?<=\?)\?/g, '\\?')}"`;
}

function octal(characters: string): string {
  const bytes = [...Buffer.from(characters)];
  return bytes.map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
}

/** A comment of C on a line of its own, which nothing in the text ends. */
export function cComment(text: string): string {
  return `/* ${visible(text).replaceAll('*/', '* /').replaceAll('/*', '/ *')} */`;
}

/** What of a name can stand in an identifier of C. */
export function identifierPart(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9_]/gu, '_');
}

/** Gives identifiers away, each once. */
export class Identifiers {
  readonly #given = new Set<string>();

  /** The one that is wished for, or it with a number. */
  give(wished: string): string {
    let identifier = wished;
    for (let number = 2; this.#given.has(identifier); number++) identifier = `${wished}_${number}`;
    this.#given.add(identifier);
    return identifier;
  }
}
