import { show } from "./values.js";
import { XcsError } from "./xcs-error.js";

/** How each command is written, with what follows its name. */
const usages = {
  open: "PORT PROTOCOL",
  close: "PORT",
  read: "PORT",
  peek: "PORT",
  write: "PORT DATA",
  wait: "PORT [MILLISECONDS]",
} as const;

/** The commands of a line, without `request socket_`. */
export type LineCommand = keyof typeof usages;

/** A line that was understood. */
export type Line =
  | { readonly kind: "empty" }
  | { readonly kind: "let"; readonly name: string; readonly value: Uint8Array }
  | { readonly kind: "request"; readonly command: LineCommand; readonly port: number; readonly rest: string };

const LET = /^let[ \t]+([A-Za-z_]\w*)[ \t]*=[ \t]*(.*)$/s;
const REQUEST = /^(?:request[ \t]+socket_)?([A-Za-z]+)(?:[ \t]+(\S+)(?:[ \t]+(.*))?)?$/s;

/**
 * Reads `request socket_open 80 UDP`, `open 80 UDP` or `let data = "text"`. Spaces before and after the line count for
 * nothing, and so does how many there are between words.
 *
 * @throws XcsError `ERR_XCS_SYNTAX`, and `ERR_XCS_BAD_PORT` for a port that is no whole number
 */
export function parseLine(line: string): Line {
  const text = line.trim();
  if (text === "") return { kind: "empty" };
  if (/[\r\n]/.test(text)) throw syntaxError("A line ends where the next one begins: give one line at a time");
  if (/^let\b/.test(text)) return parseLet(text);
  const [, name = "", port, rest = ""] = REQUEST.exec(text) ?? [];
  if (!Object.hasOwn(usages, name)) {
    const commands = Object.keys(usages).map((known) => `socket_${known}`);
    throw syntaxError(`${show(text)} is no request: write "request" and one of ${commands.join(", ")}, in lower case`);
  }
  const command = name as LineCommand;
  const takesRest = command === "open" || command === "write";
  const mayHaveRest = takesRest || command === "wait";
  if (port === undefined || (takesRest && rest === "") || (!mayHaveRest && rest !== "")) throw usageError(command);
  return { kind: "request", command, port: portNumber(port), rest };
}

/** How long `wait` waits. */
export function waitMs(rest: string): number {
  if (rest === "") return Number.POSITIVE_INFINITY;
  if (/^\d{1,9}$/.test(rest)) return Number(rest);
  throw usageError("wait");
}

function parseLet(text: string): Line {
  const [, name, value] = LET.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw syntaxError(`${show(text)} binds nothing: write let NAME = VALUE`);
  }
  return { kind: "let", name, value: parseValue(value) };
}

/** `"text"`, `42`, `-1.5` or `0x00ff`. */
function parseValue(text: string): Uint8Array {
  const [, hex] = /^0x((?:[\da-f]{2})+)$/i.exec(text) ?? [];
  if (hex !== undefined) return Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  if (/^-?\d+(\.\d+)?$/.test(text)) return new TextEncoder().encode(text);
  const quoted = /^".*"$/s.test(text) ? parseText(text) : null;
  if (quoted !== null) return new TextEncoder().encode(quoted);
  const advice = 'give a text in double quotes ("hello"), a number (42), or bytes in pairs of hex digits (0x00ff)';
  throw syntaxError(`${show(text)} is no value: ${advice}`);
}

/** The text of a JSON string, null for what is none. */
function parseText(quoted: string): string | null {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return null;
  }
}

function portNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new XcsError("EBADPORT", `${show(text)} is no port: write a whole number from 1 to 65535`);
}

function usageError(command: LineCommand): XcsError {
  return syntaxError(`socket_${command} is written "request socket_${command} ${usages[command]}"`);
}

export const syntaxError = (text: string) => new XcsError("ESYNTAX", text);
