import { invalidType } from "../arguments.js";
import type { Clock } from "../clock.js";
import type { ByteSegment } from "../peer/index.js";
import type { RandomBytes } from "../random.js";
import type { CommsCore } from "./client/comms-core.js";
import type { SessionRules } from "./server/server-owner.js";
import type { PeerKey } from "./values/peer-key.js";
import type { VoiceSeal } from "./wire/voice-seal.js";

/** What an override that sends returns: false is "it was not sent", and nothing at all counts as sent. */
// biome-ignore lint/suspicious/noConfusingVoidType: an override need not return anything
export type SendOutcome = void | boolean;

/** What a network does for its client and its server. */
export interface NetworkLink<TPeer> {
  readonly clock: Clock;
  readonly randomBytes: RandomBytes;
  readonly token: Uint8Array;
  readonly seal: VoiceSeal | null;
  readonly comms: CommsCore;
  readonly rules: SessionRules<TPeer>;
  readonly directBytesPerSecond: number;
  peerKey(peer: TPeer): PeerKey;
  /** Whether the packet was for the client in this program. */
  takeToClient(packet: ByteSegment, destination: TPeer): boolean;
  /** Whether the server is in this program: then it gets the packet with the next update. */
  takeToServer(packet: ByteSegment): boolean;
  /** What follows may call back into the network: what it asks for is done at the end, which `leave` is. */
  enter(): void;
  leave(): void;
  /** Runs what may call back into the network, between `enter` and `leave`. */
  within<T>(run: () => T): T;
  /** Sends; what an override throws is reported. @returns whether it was sent */
  attempt(send: () => SendOutcome): boolean;
  phaseChanged(): void;
  report(error: unknown): void;
  /** The session cannot go on, if `part` is its client or server still. */
  fail(error: unknown, part: object): void;
}

const links = new WeakMap<object, NetworkLink<never>>();

export function setLink<TPeer>(network: object, link: NetworkLink<TPeer>): void {
  links.set(network, link as unknown as NetworkLink<never>);
}

/** @throws TypeError for what is no network of comms */
export function linkOf<TPeer>(network: object): NetworkLink<TPeer> {
  const link = links.get(network);
  if (!link) throw invalidType("The network must be one that extends BaseCommsNetwork: pass `this` of createClient");
  return link as unknown as NetworkLink<TPeer>;
}
