import type { Codec, NetworkReader, NetworkWriter } from "../../serialization/index.js";

// What clients and the server tell each other about inputs. docs/wire-format.md has the bytes.

/** So many inputs are in a packet at most. */
export const SENT_INPUTS = 4;
const COUNT_BITS = 2;
const BEHAVIOUR_BITS = 4;
const VIEW_BITS = 16;
/** Steps of a tick in which it is written how far a view is behind. */
const VIEW_STEPS = 256;

/** Which behaviour a client controls. */
export interface ControlledBehaviour {
  netId: number;
  /** The behaviour's place in its object. */
  behaviour: number;
  /** The tick (u32) of the newest input. */
  tick: number;
}

export function writeControlled(
  writer: NetworkWriter,
  { netId, behaviour, tick }: Readonly<ControlledBehaviour>,
): void {
  writer.writeUint32(netId);
  writer.writeBits(behaviour, BEHAVIOUR_BITS);
  writer.writeUint32(tick);
}

export function readControlled(reader: NetworkReader, into: ControlledBehaviour): void {
  into.netId = reader.readUint32();
  into.behaviour = reader.readBits(BEHAVIOUR_BITS);
  into.tick = reader.readUint32();
}

/**
 * Writes the inputs of the last ticks, the newest first.
 *
 * @param viewTicks how many ticks what the client shows is behind the newest input; 0 if it shows nothing
 * @param inputs gives that of so many ticks before the newest one
 */
export function writeInputs(
  writer: NetworkWriter,
  codec: Codec<unknown>,
  count: number,
  viewTicks: number,
  inputs: (before: number) => unknown,
): void {
  writer.writeBits(Math.min(Math.max(Math.round(viewTicks * VIEW_STEPS), 0), 2 ** VIEW_BITS - 1), VIEW_BITS);
  writer.writeBits(count - 1, COUNT_BITS);
  for (let before = 0; before < count; before++) {
    const input = inputs(before);
    if (before > 0) {
      const isSame = codec.equals(input, inputs(before - 1));
      writer.writeBoolean(isSame);
      if (isSame) continue;
    }
    codec.write(writer, input);
  }
}

/** @returns how many ticks what the client shows is behind the newest input; 0 if it shows nothing */
export const readView = (reader: NetworkReader): number => reader.readBits(VIEW_BITS) / VIEW_STEPS;

/**
 * Reads what `writeInputs` wrote behind the view.
 *
 * @param read reads the input of so many ticks before the newest one
 * @throws NetworkError as `Codec.read`
 */
export function readInputs(reader: NetworkReader, read: (before: number) => void): void {
  const count = reader.readBits(COUNT_BITS) + 1;
  let start = reader.bitPosition;
  for (let before = 0; before < count; before++) {
    if (before > 0 && reader.readBoolean()) {
      const end = reader.bitPosition;
      reader.seek(start);
      read(before);
      reader.seek(end);
      continue;
    }
    start = reader.bitPosition;
    read(before);
  }
}

/** What the server says of a controlled behaviour in each tick, before the values of its predicted members. */
export interface ControlReport {
  /** The tick (u32) of the last input that the server has used, and of the values. */
  tick: number;
  /** The object's number. */
  item: number;
  behaviour: number;
  /** Whether the input of that tick was there. */
  hasInput: boolean;
  /** Whether the values are exact, as numbers of 64 bits each, and not as their codecs write them. */
  isExact: boolean;
  /** How many packets with inputs have come (u8, which wraps around). */
  received: number;
  /** How many objects that the player's steps have spawned were sent to it (u16, which wraps around). */
  spawned: number;
  /** Of the packets since the last report that one which came latest for its tick: its newest tick (u32). */
  arrivedTick: number;
  /** How many ticks before its use it came, whole ones; null if none has come. */
  earlyTicks: number | null;
}

/** One that says nothing yet, to read and write again and again. */
export const emptyReport = (): ControlReport => ({
  tick: 0,
  item: 0,
  behaviour: 0,
  hasInput: false,
  isExact: false,
  received: 0,
  spawned: 0,
  arrivedTick: 0,
  earlyTicks: null,
});

export function writeReport(writer: NetworkWriter, report: Readonly<ControlReport>): void {
  writer.writeUint32(report.tick);
  writer.writePacked(report.item);
  writer.writeBits(report.behaviour, BEHAVIOUR_BITS);
  writer.writeBoolean(report.hasInput);
  writer.writeBoolean(report.isExact);
  writer.writeUint8(report.received);
  writer.writeBoolean(report.spawned !== 0);
  if (report.spawned !== 0) writer.writeUint16(report.spawned);
  writer.writeBoolean(report.earlyTicks !== null);
  if (report.earlyTicks === null) return;
  writer.writeUint32(report.arrivedTick);
  writer.writeInt8(Math.min(Math.max(report.earlyTicks, -128), 127));
}

export function readReport(reader: NetworkReader, into: ControlReport): void {
  into.tick = reader.readUint32();
  into.item = reader.readPacked();
  into.behaviour = reader.readBits(BEHAVIOUR_BITS);
  into.hasInput = reader.readBoolean();
  into.isExact = reader.readBoolean();
  into.received = reader.readUint8();
  into.spawned = reader.readBoolean() ? reader.readUint16() : 0;
  into.earlyTicks = null;
  if (!reader.readBoolean()) return;
  into.arrivedTick = reader.readUint32();
  into.earlyTicks = reader.readInt8();
}
