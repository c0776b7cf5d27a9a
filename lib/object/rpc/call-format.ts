import { NetworkError } from "../../network-error.js";
import { inField } from "../../serialization/errors.js";
import { type NetworkReader, NetworkWriter, string } from "../../serialization/index.js";
import type { RpcDefinition } from "../behaviour/rpc.js";
import { readViewTick, writeViewTick } from "./view-tick.js";

// The bytes of calls and their answers. Each has its length in front: whoever does not know the object skips it.

/** Enough for the largest reliable message. */
const LENGTH_BITS = 20;
const BEHAVIOUR_BITS = 4;
const RPC_BITS = 8;
const STATUS_BITS = 2;

const text = string(200);

/** How a call has ended. */
export enum CallStatus {
  Returned = 0,
  /** The method refused, with a text; or the call was not allowed. */
  Refused = 1,
  /** The method threw. */
  Failed = 2,
  /** The object is not there. */
  Gone = 3,
}

/** What a call says before its arguments. */
export interface CallHead {
  /** The object: to clients its number on the wire, to the server its `netId`. */
  object: number;
  behaviour: number;
  rpc: number;
  /** What the answer names; 0 where none is expected. */
  id: number;
  /** To the server: the tick that the client shows; null where it shows what has arrived. */
  viewTick?: number | null;
}

/** Writes what `write` writes, with its length in bits in front. */
function section(writer: NetworkWriter, write: () => void): void {
  const start = writer.bitLength;
  writer.writeBits(0, LENGTH_BITS);
  try {
    write();
  } catch (error) {
    writer.truncate(start);
    throw error;
  }
  const bits = writer.bitLength - start - LENGTH_BITS;
  if (bits >= 2 ** LENGTH_BITS) {
    writer.truncate(start);
    throw new NetworkError("ERR_MESSAGE_SIZE", `${Math.ceil(bits / 8)} bytes are too many for a call`);
  }
  writer.writeBitsAt(start, bits, LENGTH_BITS);
}

/** Reads a section by `read`, and is behind it then, whatever `read` does. */
export function readSection<T>(reader: NetworkReader, read: (reader: NetworkReader) => T): T {
  const outerEnd = reader.enter(reader.readBits(LENGTH_BITS));
  try {
    return read(reader);
  } finally {
    reader.leave(outerEnd);
  }
}

/**
 * @returns at which of its bits the number of the RPC is
 * @throws TypeError, RangeError for arguments that cannot be written; NetworkError `ERR_MESSAGE_SIZE`
 */
export function writeCall(
  writer: NetworkWriter,
  { object, behaviour, rpc: number, id, viewTick }: CallHead,
  rpc: RpcDefinition,
  args: readonly unknown[],
): number {
  const start = writer.bitLength;
  let place = 0;
  section(writer, () => {
    writer.writePacked(object);
    writer.writeBits(behaviour, BEHAVIOUR_BITS);
    place = writer.bitLength - start;
    writer.writeBits(number, RPC_BITS);
    writer.writeBits(id === 0 ? 0 : 1, 1);
    if (id !== 0) writer.writeBits(id, 32);
    if (viewTick !== undefined) writeViewTick(writer, viewTick);
    try {
      rpc.arguments.write(writer, args);
    } catch (error) {
      throw inField(error, rpc.name);
    }
  });
  return place;
}

/** The call in `body` is one of the RPC of this number now. @param place what `writeCall` returned */
export const renumberCall = (place: number, number: number): void => body.writeBitsAt(place, number, RPC_BITS);

/** Who is called does not have the optional RPC. */
export const notAgreed = ({ name }: RpcDefinition): NetworkError =>
  new NetworkError("ERR_MESSAGE_NOT_AGREED", `The other side does not know the RPC ${name}`);

/** @param serverTick on a server, to read the client's time */
export function readHead(reader: NetworkReader, serverTick?: number): CallHead {
  const object = reader.readPacked();
  const behaviour = reader.readBits(BEHAVIOUR_BITS);
  const rpc = reader.readBits(RPC_BITS);
  const id = reader.readBits(1) === 1 ? reader.readBits(32) >>> 0 : 0;
  if (serverTick === undefined) return { object, behaviour, rpc, id };
  return { object, behaviour, rpc, id, viewTick: readViewTick(reader, serverTick) };
}

/** The rest of a section is one value. */
export function readLast<T>(reader: NetworkReader, read: (reader: NetworkReader) => T): T {
  const value = read(reader);
  if (reader.bitsLeft > 0)
    throw new NetworkError("ERR_TRAILING_BYTES", `${reader.bitsLeft} bits follow the last value`);
  return value;
}

/** @param value of the codec where the call has returned, else the text of a refusal */
export function writeAnswer(
  writer: NetworkWriter,
  id: number,
  status: CallStatus,
  rpc: RpcDefinition | null,
  value: unknown,
): void {
  section(writer, () => {
    writer.writeBits(id, 32);
    writer.writeBits(status, STATUS_BITS);
    if (status === CallStatus.Returned) rpc?.returns?.write(writer, value);
    if (status === CallStatus.Refused) text.write(writer, value as string);
  });
}

export function readAnswerHead(reader: NetworkReader): { id: number; status: CallStatus } {
  return { id: reader.readBits(32) >>> 0, status: reader.readBits(STATUS_BITS) };
}

export const readRefusal = (reader: NetworkReader): string => text.read(reader);

/** What one call or answer is written to, before it is copied to all that get it. */
export const body = new NetworkWriter();
