/// <reference path="../globals.ts" preserve="true" />
/** WebTransport clients, for browsers. */
export { WebTransportClientFactory as WebTransportSocketFactory } from "./webtransport/browser/web-transport-client-factory.js";
export type {
  WebTransportClientOptions as WebTransportOptions,
  WebTransportConnectEndPoint,
} from "./webtransport/browser/web-transport-client-options.js";
