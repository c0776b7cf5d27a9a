/** Watches that the numbers 0, 1, 2, … come once each and in order. */
export class SequenceCheck {
  /** How many came as they should. */
  delivered = 0;
  /** How many came when another one was due. */
  faults = 0;

  take(number) {
    if (number === this.delivered) this.delivered++;
    else this.faults++;
  }
}
