/**
 * How `shown` and `rewind` find values between two that came. The one of the library is {@link linear}, and
 * {@link interpolation} makes others. It brings what a client needs to show such values.
 */
export interface Interpolation<T> {
  /** The function that `interpolation` got; null: number by number. */
  readonly between: ((from: T, to: T, part: number) => unknown) | null;
  /** @internal A `ShownTime` of a client, where the server sends states each so many ticks. */
  shownTime(intervalTicks: number): object;
}
