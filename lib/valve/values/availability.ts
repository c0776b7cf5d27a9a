/** The progress of something that GNS prepares in the background (GNS's ESteamNetworkingAvailability). */
export enum Availability {
  /** Something that it needs is missing. */
  CannotTry = -102,
  /** It was tried for long enough, and never succeeded. */
  Failed = -101,
  /** It succeeded before, and there is a problem now. */
  Previously = -100,
  /** It failed, and is tried again. */
  Retrying = -10,
  /** Not applicable. */
  Unknown = 0,
  /** It was never tried. */
  NeverTried = 1,
  /** It waits for something that it needs. */
  Waiting = 2,
  /** It is being tried for the first time. */
  Attempting = 3,
  /** It is ready. */
  Current = 100,
}
