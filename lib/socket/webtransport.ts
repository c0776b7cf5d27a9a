/// <reference path="../globals.ts" preserve="true" />
/** WebTransport clients, for browsers. */
export { WebTransportClientFactory as WebTransportSocketFactory } from "./webtransport/browser/client-factory.js";
export type {
  WebTransportClientOptions as WebTransportOptions,
  WebTransportConnectEndPoint,
} from "./webtransport/browser/client-options.js";
