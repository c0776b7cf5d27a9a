import type { RandomBytes } from "../../random.js";

/** Without letters that look like others; 32, so that five bits choose one. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz123456789";
const CODE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const ID_LENGTH = 12;
const CODE_LENGTH = 8;
const TICKET_LENGTH = 16;

const pick = (letters: string, length: number, randomBytes: RandomBytes) =>
  Array.from(randomBytes(length), (byte) => letters[byte & 31]).join("");

export const newId = (randomBytes: RandomBytes): string => pick(LETTERS, ID_LENGTH, randomBytes);

/** The code of a private room, for people to tell each other: 40 bits. */
export function newCode(randomBytes: RandomBytes, isTaken: (code: string) => boolean): string {
  for (;;) {
    const code = pick(CODE_LETTERS, CODE_LENGTH, randomBytes);
    if (!isTaken(code)) return code;
  }
}

/** A code as somebody has typed it. */
export const readCode = (typed: string): string => typed.toUpperCase().replace(/[\s-]/g, "");

/** A ticket for a seat of a room. */
export const newTicket = (roomId: string, randomBytes: RandomBytes): string =>
  `${roomId}.${pick(LETTERS, TICKET_LENGTH, randomBytes)}`;

/** The id of the room that a ticket is for. */
export const roomOfTicket = (ticket: string): string => ticket.slice(0, Math.max(ticket.lastIndexOf("."), 0));
