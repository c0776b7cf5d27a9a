/** Control characters, line separators, halves of characters, marks of direction, and what is not seen. */
const UNSEEN = String.raw`[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufff9-\ufffb]`;
/** What makes one emoji of several characters: joiners between pictures, selectors behind pictures and keycaps. */
const EMOJI_PART = [
  String.raw`(?<=\p{ExtPict}[\ufe0f\p{EMod}]?)\u200d(?=\p{ExtPict})`,
  String.raw`(?<=\p{ExtPict})\ufe0f`,
  String.raw`(?<=[0-9#*])\ufe0f(?=\u20e3)`,
].join("|");

const unseen = new RegExp(`(?!${EMOJI_PART})${UNSEEN}`, "u");
const allUnseen = new RegExp(unseen, "gu");

/** The longest text that {@link printable} leaves whole, in UTF-16 units. */
const MAX_LENGTH = 500;

/** Whether `text` has characters that {@link printable} replaces. */
export const hasUnseen = (text: string): boolean => unseen.test(text);

/**
 * A text of the other side made safe to print: it can neither break out of its line, command a terminal, nor change
 * the order of what stands beside it. Control characters, line breaks, marks of direction and invisible characters
 * become `\u{202e}`; behind 500 characters it is cut.
 *
 * The messages of errors and the warnings of this package are made so. What the other side sent stays as it was in
 * `reason.text`, in messages, and in names: put it through this function before a log or a terminal gets it.
 */
export function printable(text: string): string {
  const cut = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH).replace(/[\ud800-\udbff]$/, "")}…` : text;
  return cut.replace(allUnseen, escaped);
}

/** `text` of `JSON.stringify`, the same for parsers, and safe to print. */
export const printableJson = (text: string): string =>
  text.replace(allUnseen, (character) =>
    Array.from({ length: character.length }, (_, at) => jsonEscape(character.charCodeAt(at))).join(""),
  );

/** A value in the message of an error: a text in quotes, safe to print. */
export const quoted = (value: unknown): string =>
  typeof value === "string" ? printableJson(JSON.stringify(value)) : printable(String(value));

const escaped = (character: string) => `\\u{${character.codePointAt(0)?.toString(16)}}`;

const jsonEscape = (unit: number) => `\\u${unit.toString(16).padStart(4, "0")}`;
