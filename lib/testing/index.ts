/// <reference path="../globals.ts" preserve="true" />
/** What tests of programs over this library need: time and chance under control. */
export { FakeClock } from "./fake-clock.js";
export { seededRandom } from "./seeded-random.js";
export { type ConformanceCase, type SocketConformanceOptions, socketConformance } from "./socket-conformance.js";
