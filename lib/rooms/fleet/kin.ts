import { hexOf } from "../../bytes.js";
import type { HostState } from "./beats.js";

/** What of a host says whose rooms it can go on with: the protocol, and the keys by which it reads sessions. */
export type Kinship = Pick<HostState, "fingerprint" | "keyTags">;

/** The kin of a host: rooms are written with that of their owner. The first key is the one that makes sessions. */
export const kinOf = ({ fingerprint, keyTags: [first] }: Kinship): string =>
  `${hexOf(fingerprint)}.${hexOf(first ?? new Uint8Array(0))}`;

/** Whether a host can go on with rooms of a kin: it speaks with their players, and reads their sessions. */
export const isOfKin = ({ fingerprint, keyTags }: Kinship, kin: string): boolean =>
  keyTags.some((tag) => kinOf({ fingerprint, keyTags: [tag] }) === kin);
