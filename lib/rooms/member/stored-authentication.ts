import { isUint8Array } from "../../brands.js";
import type { PlayerAuthentication } from "../../message/index.js";
import { cutUtf8, utf8Length } from "../../utf8.js";
import { MAX_AUTHENTICATION_BYTES } from "../fleet/directory.js";

const MAX_IDENTITY_BYTES = 255;

/** How an authentication is kept: as JSON, whose only other values are bytes. Data that is too large is left out. */
export function writeAuthentication({ method, data }: PlayerAuthentication): string {
  const text = tryStringify({ method, data });
  if (text !== null && utf8Length(text) <= MAX_AUTHENTICATION_BYTES) return text;
  return JSON.stringify({ method: cutUtf8(method, 64) });
}

/** @throws SyntaxError for what no host has written */
export function readAuthentication(text: string): PlayerAuthentication {
  const { method, data } = JSON.parse(text, (_key, value) => {
    const base64: unknown = value?.$bytes;
    return typeof base64 === "string" ? new Uint8Array(Buffer.from(base64, "base64")) : value;
  });
  return { method, data };
}

/** Who a player is for other hosts: what was proven, if that is a text or has one as `subject`; else "". */
export function identityOf(data: unknown): string {
  const name = typeof data === "object" && data !== null && "subject" in data ? data.subject : data;
  return typeof name === "string" && utf8Length(name) <= MAX_IDENTITY_BYTES ? name : "";
}

function tryStringify(value: unknown): string | null {
  try {
    return JSON.stringify(value, (_key, part) =>
      isUint8Array(part) ? { $bytes: Buffer.from(part).toString("base64") } : part,
    );
  } catch {
    return null;
  }
}
