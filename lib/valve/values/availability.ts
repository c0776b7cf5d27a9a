/** The progress of something that GNS prepares in the background (GNS's ESteamNetworkingAvailability). */
export enum Availability {
  CannotTry = -102,
  Failed = -101,
  Previously = -100,
  Retrying = -10,
  Unknown = 0,
  NeverTried = 1,
  Waiting = 2,
  Attempting = 3,
  Current = 100,
}
