/** Takes a line without copying it: it stands from `start` to `end` of a text. */
export type TakeLine = (text: string, start: number, end: number) => void;

/** Takes a text in pieces that end anywhere, and gives its lines. */
export class LineSplitter {
  #rest = '';
  readonly #take: TakeLine;

  constructor(take: TakeLine) {
    this.#take = take;
  }

  push(chunk: string): void {
    const text = this.#rest === '' ? chunk : this.#rest + chunk;
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      this.#take(text, at, end);
      at = end + 1;
    }
    this.#rest = text.slice(at);
  }

  /** Gives the last line, if no line end came after it. */
  end(): void {
    if (this.#rest !== '') this.#take(this.#rest, 0, this.#rest.length);
    this.#rest = '';
  }
}
