/// <reference path="../globals.ts" preserve="true" />
/** For tests of programs that use this library: a clock and random numbers under control, and what sockets must do. */
export type { Clock } from "../clock.js";
export { type Random, seededRandom } from "../random.js";
export type { IConnectEndPoint } from "../socket/socket.js";
export type { SocketFactory } from "../socket/socket-factory.js";
export { FakeClock } from "./fake-clock.js";
export { type ConformanceCase, type SocketConformanceOptions, socketConformance } from "./socket-conformance.js";
