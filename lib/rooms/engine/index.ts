/// <reference path="../../globals.ts" preserve="true" />
/** What the hosts of a fleet share: values, logs and messages. See docs/rooms-engine.md. */
export type { Clock } from "../../clock.js";
export { NetworkError, type NetworkErrorDetails } from "../../network-error.js";
export * from "./engine.js";
export { MemoryEngine, type MemoryEngineOptions } from "./memory-engine.js";
export { NatsEngine, type NatsEngineOptions } from "./nats-engine.js";
