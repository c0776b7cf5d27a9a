import { native, type ReceiveSource } from "../../addon/native.js";
import { checkInstance, checkInteger, typeError } from "../../arguments.js";
import { fakeMessageLoss, isLost, isRecordLost } from "../messages/fake-message-loss.js";
import { MessageBatch } from "../messages/message-batch.js";
import { slabPool } from "../messages/message-slab.js";
import { NetworkingMessage } from "../messages/networking-message.js";
import { OutgoingBatch } from "../messages/outgoing-batch.js";
import { checkSendFlags, MAX_MESSAGE_BYTES, type SendFlags } from "../messages/send-type.js";
import { Result } from "../values/result.js";
import type { SocketsCore } from "./sockets-core.js";

export function sendMessage(core: SocketsCore, connection: number, data: ArrayBufferView, flags: SendFlags): Result {
  checkSendFlags(flags);
  if (fakeMessageLoss.send > 0 && isLostOnSend(core, connection, data, flags)) return Result.OK;
  return native.send(core.owner, connection, data, flags);
}

export function sendBatch(core: SocketsCore, batch: OutgoingBatch): void {
  checkInstance("batch", batch, OutgoingBatch);
  batch.send(core.owner, core.random);
}

export function sendToMany(
  core: SocketsCore,
  connections: ArrayLike<number>,
  data: ArrayBufferView,
  flags: SendFlags,
  lane: number,
): Float64Array {
  checkSendFlags(flags);
  const results = new Float64Array(connections.length);
  const handles = connections instanceof Uint32Array ? connections : Uint32Array.from(connections);
  native.sendToMany(core.owner, handles, handles.length, data, flags, lane, results);
  return results;
}

export function receiveBatch(core: SocketsCore, source: ReceiveSource, handle: number, batch: MessageBatch): number {
  checkInstance("batch", batch, MessageBatch);
  return batch.receive(core.owner, source, handle, core.random);
}

/**
 * @param source what `handle` is; null: a channel of `NetworkingMessages`
 * @param first the array to fill, with `second` messages at most; or that number, and the messages are returned
 */
export function receiveMessages(
  core: SocketsCore,
  source: ReceiveSource | null,
  handle: number,
  first: NetworkingMessage[] | number,
  second: number | undefined,
): NetworkingMessage[] | number | null {
  if (typeof first === "number") {
    const messages: NetworkingMessage[] = [];
    return fill(core, source, handle, messages, first) < 0 ? null : messages;
  }
  if (!Array.isArray(first)) throw typeError("messages", "an array");
  return fill(core, source, handle, first, second as number);
}

function fill(
  core: SocketsCore,
  source: ReceiveSource | null,
  handle: number,
  messages: NetworkingMessage[],
  maxMessages: number,
): number {
  checkInteger("maxMessages", maxMessages, 0, 0x7fffffff);
  const { owner, received: out } = core;
  let slab = slabPool.current();
  let count = 0;
  for (;;) {
    let record = slab.end;
    const max = maxMessages - count;
    const taken =
      source === null
        ? native.receiveOnChannel(owner, handle, max, slab.bytes, record, out)
        : native.receive(owner, source, handle, max, slab.bytes, record, out);
    if (taken < 0) return count === 0 ? -1 : count;
    slab.end = out[0] as number;
    let lost = 0;
    for (let index = 0; index < taken; index++) {
      if (source !== null && fakeMessageLoss.receive > 0 && isRecordLost(slab, record, core.random)) {
        lost++;
      } else {
        slab.live++;
        messages[count++] = new NetworkingMessage(slab, record);
      }
      record = slab.next(record);
    }
    const needed = out[1] as number;
    if (needed > 0) slab = slabPool.replace(needed);
    else if (lost === 0 || count === maxMessages) return count;
  }
}

/** Whether a message that GNS would take is thrown away on purpose. */
function isLostOnSend(core: SocketsCore, connection: number, data: ArrayBufferView, flags: SendFlags): boolean {
  const isSendable = ArrayBuffer.isView(data) && data.byteLength <= MAX_MESSAGE_BYTES;
  return isSendable && core.isConnected(connection) && isLost(fakeMessageLoss.send, flags, core.random);
}
