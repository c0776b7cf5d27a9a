/**
 * The number nearest to `reference` whose low 32 bits are `low`: how a counter that travels as its low bits becomes
 * whole again. Below zero when the nearest would lie before the counter's beginning.
 */
export function nearestNumber(low: number, reference: number): number {
  return reference + ((low - reference) | 0);
}
