/**
 * The whole number of a counter that travels as its low 32 bits: the one nearest to `reference`. Negative when that
 * lies before the beginning of the counter.
 */
export function nearestNumber(low: number, reference: number): number {
  return reference + ((low - reference) | 0);
}
