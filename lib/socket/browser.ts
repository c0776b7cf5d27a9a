/// <reference path="../globals.ts" preserve="true" />
/** WebTransport with WebSocket as its fallback: clients, for browsers. */
export { BrowserClientFactory as BrowserSocketFactory } from "./browser/browser-client-factory.js";
export type {
  BrowserClientOptions as BrowserSocketFactoryOptions,
  BrowserConnectEndPoint,
} from "./browser/browser-client-options.js";
