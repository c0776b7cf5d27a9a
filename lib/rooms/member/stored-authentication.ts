import { isUint8Array } from "../../brands.js";
import type { PlayerAuthentication } from "../../message/index.js";
import { cutUtf8, utf8Length } from "../../utf8.js";
import { MAX_AUTHENTICATION_BYTES } from "../fleet/directory.js";

const MAX_IDENTITY_BYTES = 255;

/**
 * How an authentication is kept: as JSON, whose only other values are bytes, as `{ $bytes }`. Names that begin with a
 * dollar get one more: what a player has put into its token is no bytes. Data that is too large is left out.
 */
export function writeAuthentication({ method, data }: PlayerAuthentication): string {
  const text = tryStringify({ method, data });
  if (text !== null && utf8Length(text) <= MAX_AUTHENTICATION_BYTES) return text;
  return JSON.stringify({ method: cutUtf8(method, 64) });
}

/** @throws SyntaxError for what no host has written */
export function readAuthentication(text: string): PlayerAuthentication {
  const { method, data } = JSON.parse(text, (_key, value) => {
    const base64: unknown = value?.$bytes;
    if (typeof base64 === "string") return new Uint8Array(Buffer.from(base64, "base64"));
    return renamed(value, (name) => name.replace(/^\$/, ""));
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
    // A Buffer comes here by its toJSON, and is taken from what has it.
    return JSON.stringify(value, function (this: Record<string, unknown>, key, part) {
      const original = this[key];
      if (isUint8Array(original)) return { $bytes: Buffer.from(original).toString("base64") };
      return renamed(part, (name) => name.replace(/^\$/, "$$$$"));
    });
  } catch {
    return null;
  }
}

/** An object whose names with a dollar in front are other ones; all else is as it was. */
function renamed(value: unknown, rename: (name: string) => string): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value) || isUint8Array(value)) return value;
  if (!Object.keys(value).some((name) => name.startsWith("$"))) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [rename(name), part]));
}
