export { RawUdpCounters } from "./counters.js";
export type { RawUdpLimits, RawUdpOptions } from "./raw-udp-options.js";
export { RawUdpProfile } from "./raw-udp-profile.js";
