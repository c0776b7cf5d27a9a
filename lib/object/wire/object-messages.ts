import { defineMessage, type MessageDefinition } from "../../message/index.js";
import { Channel } from "../../peer/index.js";
import { bytesView, type NetworkReader, type NetworkWriter, string } from "../../serialization/index.js";
import type { Layouts } from "./layouts.js";

/** The longest name of a static object. */
export const MAX_STATIC_NAME = 64;

/** The most bytes of records in one message. */
export const MAX_RECORD_BYTES = 59_000;

const records = bytesView(MAX_RECORD_BYTES);

/** Server to client: spawns, ordered state, owners, calls, despawns, in their order. */
export const OrderedMessage: MessageDefinition<Uint8Array> = defineMessage("objects/ordered", records);
/** Server to client, as notify: the latest state. */
export const LatestMessage = defineMessage("objects/latest", records, { channel: Channel.Sequenced });
/** Client to server: calls, ordered state of an owner, what has been applied. */
export const CallsMessage = defineMessage("objects/calls", records);
/** Client to server: the latest state of an owner, as notify; its inputs. */
export const InputMessage = defineMessage("objects/input", records, { channel: Channel.Sequenced });

/** Both ways: one call that needs no order. It may be lost. To clients the server's tick stands before it. */
export const UnorderedMessage = defineMessage("objects/unordered", records, { channel: Channel.Unreliable });

/** Server to client, in each tick: what has become of the inputs, and the predicted members. */
export const PredictedMessage = defineMessage("objects/predicted", records, { channel: Channel.Sequenced });

/** What a record of these messages is. `Call` and `Answer` belong to calls. */
export enum RecordKind {
  End = 0,
  Spawn = 1,
  Despawn = 2,
  State = 3,
  Owner = 4,
  /** Values that the server puts right at the owner. */
  Correction = 5,
  Character = 6,
  /** The whole world follows: what is not in it is gone. */
  Reset = 7,
  WorldReady = 8,
  /** Client to server: how many ordered messages it has applied. */
  Applied = 9,
  Call = 10,
  Answer = 11,
  /** Which of the members with a function in `to` the player gets from now on, and the values of those that are new. */
  Scope = 12,
  /** Client to server: it wants the spawn of an object once more. */
  Again = 13,
  /** Server to client, behind a reset: it gets what only owners, or only some, may see as well. */
  // biome-ignore lint/suspicious/noDuplicateEnumValues: the other direction has a record of its own under this number
  AllVisible = 13,
  /** Server to client: latest members of an object that the client may not have yet. */
  Latest = 9,
  /** Client to server: inputs of the behaviour that it controls. */
  Inputs = 14,
  /**
   * Client to server: it controls that behaviour no more. Server to client, as the answer: all that those inputs have
   * spawned has been sent.
   */
  EndOfControl = 15,
}

export const KIND_BITS = 4;

const staticName = string(MAX_STATIC_NAME);

/** In a spawn: the name of a static object, null for one that is made. */
export function writeStaticName(writer: NetworkWriter, name: string | null): void {
  writer.writeBoolean(name !== null);
  if (name !== null) staticName.write(writer, name);
}

export function readStaticName(reader: NetworkReader): string | null {
  return reader.readBoolean() ? staticName.read(reader) : null;
}

/** Which spawn an object is of those by its owner's steps. */
export interface SpawnTag {
  /** The tick (u32) of the step. */
  readonly tick: number;
  /** How many objects that step had spawned before. */
  readonly order: number;
}

/** In a spawn for the player whose step it was; null for any other. */
export function writeSpawnTag(writer: NetworkWriter, tag: SpawnTag | null): void {
  writer.writeBoolean(tag !== null);
  if (tag === null) return;
  writer.writeUint32(tag.tick);
  writer.writeUint8(tag.order);
}

export function readSpawnTag(reader: NetworkReader): SpawnTag | null {
  return reader.readBoolean() ? { tick: reader.readUint32(), order: reader.readUint8() } : null;
}

/** The messages of both managers. */
export const objectMessages = (layouts: Layouts) => [
  OrderedMessage,
  LatestMessage,
  CallsMessage,
  InputMessage,
  UnorderedMessage,
  PredictedMessage,
  ...layouts.messages,
];
