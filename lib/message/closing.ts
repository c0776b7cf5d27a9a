/** A time in which a front end takes no newcomers. */
export class Closing {
  /** Whether newcomers are taken again, or the server has stopped. */
  isOver = false;
  #resolve = () => {};
  /** Resolves when it is over. */
  readonly over = new Promise<void>((resolve) => {
    this.#resolve = resolve;
  });

  end(): void {
    this.isOver = true;
    this.#resolve();
  }
}
