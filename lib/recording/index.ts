/// <reference path="../globals.ts" preserve="true" />
/** Records a server's world in a file, and plays it into the world of a client. */
export type { Clock } from "../clock.js";
export type { NetworkServer, Protocol } from "../message/index.js";
export type { SocketFactory } from "../socket/index.js";
export { type Recording, type RecordOptions, record } from "./recording.js";
export { type Replay, type ReplayOptions, replay } from "./replay.js";
