import { defineProtocol, defineRequest } from "valve-sockets/message";
import { bool, string, struct, u53 } from "valve-sockets/serialization";

const name = string(100);

/** `isHere`: all of it is here. Otherwise the part that came before a connection was lost. */
const state = struct({ isHere: bool, hasBytes: u53 });

/** How much of a file the server has already. */
export const Offer = defineRequest("offer", struct({ name }), state);

/**
 * How much of a file the server has, asked behind the last byte: the server has read that one, and may still have
 * failed to write it.
 */
export const Finish = defineRequest("finish", struct({ name }), state);

/** The header of a stream: what it carries, from which byte on. */
export const part = struct({ name, fromByte: u53, sizeBytes: u53 });

/** Codes of `reject` and `abort`, 0 to 999. */
export const REFUSED = 1;
export const CANCELLED = 2;

export const protocol = defineProtocol({ name: "files", version: 1, messages: [Offer, Finish] });
