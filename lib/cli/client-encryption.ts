import type { NetworkPeerOptions } from "../message/index.js";
import { nodePrimitives } from "../noise/node-primitives.js";

/** The settings of a client that accepts only the server with this key; without one, whichever answers. */
export const encryptionFor = (serverKey: string | undefined): NetworkPeerOptions =>
  serverKey === undefined ? {} : { encryption: { primitives: nodePrimitives(), serverKey } };
