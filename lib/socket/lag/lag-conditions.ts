/** What a {@link LagSocketFactory} does to packets; each socket does it to what it sends. May be changed at any time. */
export interface LagConditions {
  /** Time on the way, in milliseconds. */
  latencyMs: number;
  /** Up to so many milliseconds more, at random. Does not reorder. */
  jitterMs: number;
  /** Part of the packets that is lost, 0 to 1; a reliable one is sent again and comes later, with all behind it. */
  loss: number;
  /** Part of the packets that arrives twice, 0 to 1; never a reliable one. */
  duplicate: number;
  /** Part of the packets that is overtaken by others, 0 to 1; never a reliable one. */
  reorder: number;
  /** What the line carries, shared by all that a socket sends. `Infinity`: no limit. */
  bandwidthBytesPerSecond: number;
  /** What waits for the line at most; more is dropped, or refused if it is reliable. */
  queueBytes: number;
}

/** A perfect network. */
const perfect: LagConditions = {
  latencyMs: 0,
  jitterMs: 0,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  bandwidthBytesPerSecond: Number.POSITIVE_INFINITY,
  queueBytes: 65_536,
};

/** Fills what is left out. @throws RangeError for a fraction outside 0 to 1, and for negative values */
export function completeConditions(conditions: Partial<LagConditions>): LagConditions {
  const complete = { ...perfect, ...conditions };
  for (const [name, value] of Object.entries(complete)) {
    const max = ["loss", "duplicate", "reorder"].includes(name) ? 1 : Number.POSITIVE_INFINITY;
    if (!(value >= 0 && value <= max)) throw new RangeError(`${name} is from 0 to ${max}, not ${value}`);
  }
  if (complete.bandwidthBytesPerSecond === 0) throw new RangeError("bandwidthBytesPerSecond is over 0");
  return complete;
}
