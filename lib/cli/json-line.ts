import { printableJson } from "../printable.js";

/** A value as one line of JSON. Texts of strangers in it command no terminal. */
export const jsonLine = (value: unknown): string => `${printableJson(JSON.stringify(value))}\n`;
