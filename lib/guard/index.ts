/** Who may connect to a server: limits and bans during a flood, in browsers too. See docs/floods.md. */
export type { Clock } from "../clock.js";
export type { EventListener } from "../event-hub.js";
export type { AttackBatch, AttackRoute } from "./attack-feed.js";
export {
  type CalmFigures,
  ConnectionGuard,
  type GuardCounters,
  type GuardEvents,
  type GuardMetrics,
  Pass,
  type Refusal,
} from "./connection-guard.js";
export type { FloodFigures } from "./flood-detector.js";
export type { ExportedGuard, TimedSource } from "./guard-lists.js";
export type { GuardOptions } from "./guard-options.js";
