import { defineMessage, type MessageDefinition } from "../../message/index.js";
import { Channel } from "../../peer/index.js";
import { bytesView, defineCodec } from "../../serialization/index.js";
import { layoutParts } from "../behaviour/prefab.js";
import type { ObjectLayout } from "./object-layout.js";

/** The most bytes of records in one message. */
export const MAX_RECORD_BYTES = 59_000;

const records = bytesView(MAX_RECORD_BYTES);

/** Server to client: spawns, ordered state, owners, calls, despawns, in their order. */
export const OrderedMessage: MessageDefinition<Uint8Array> = defineMessage("objects/ordered", records);
/** Server to client, as notify: the latest state. */
export const LatestMessage = defineMessage("objects/latest", records, { channel: Channel.Sequenced });
/** Client to server: calls, ordered state of an owner, what has been applied. */
export const CallsMessage = defineMessage("objects/calls", records);
/** Client to server, as notify: the latest state of an owner. */
export const InputMessage = defineMessage("objects/input", records, { channel: Channel.Sequenced });

/** What a record of these messages is. Those from `Call` on belong to calls. */
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
}

export const KIND_BITS = 4;

const tables = new Map<string, MessageDefinition<null>>();

/** Never sent: it has both sides compare their prefabs when they connect. The same for the same layouts. */
export function tableMessage(layouts: readonly ObjectLayout[]): MessageDefinition<null> {
  const layout = `objects{${layouts.map(({ prefab }) => prefab.layout)}}`;
  let message = tables.get(layout);
  if (!message) {
    const codec = defineCodec<null>({ layout, minBits: 0, write: () => {}, read: () => null, default: () => null });
    const parts = layoutParts(layouts.map(({ prefab }) => prefab));
    message = { ...defineMessage("objects/prefabs", codec), parts };
    tables.set(layout, message);
  }
  return message;
}
