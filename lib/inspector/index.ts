/// <reference path="../globals.ts" preserve="true" />
/** A page that shows what a server does, and its figures for Prometheus. */
export type { Clock } from "../clock.js";
export type { VoicePlayback } from "../comms/audio.js";
export type { CommsSnapshot, InspectedNetwork } from "../comms/index.js";
export { prometheusText } from "../message/figures.js";
export type { DisconnectReason, INetworkPlayer, NetworkClient, NetworkServer, SpanFunction } from "../message/index.js";
export type { ClientFigures, GridCell, InterestGrid, NetworkIdentity } from "../object/index.js";
export type { RoomHost } from "../rooms/index.js";
export type { LagSocketFactory } from "../socket/index.js";
export type { NetworkingSockets } from "../valve/sockets/networking-sockets.js";
export { type PlayerDiagnostics, publishDiagnostics } from "./diagnostics.js";
export type { InspectOptions } from "./inspect-options.js";
export { Inspector, inspect } from "./inspector.js";
export type {
  ClientRow,
  ConnectionRow,
  DepartureRow,
  InspectorSnapshot,
  InspectorView,
  LagValues,
  MessageRow,
  ObjectRow,
  ObjectsSnapshot,
  Rates,
  RoomRow,
} from "./snapshot.js";
export { type OpenSpan, openTelemetrySpans, type SpanTracer } from "./spans.js";
export type { Inspected, InspectedObjects, InspectedSockets } from "./subject.js";
