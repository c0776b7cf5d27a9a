import type { Change, Entry, LogRecord } from "./engine.js";

/** What carries messages between two processes, in order. Bytes and bigints survive it. */
export interface Port {
  /** @param sent is called when the message has left, or cannot any more @returns false: there is nobody */
  send(message: PortMessage, sent?: () => void): boolean;
  /** @param onEnd the other process is gone @returns ends it */
  listen(onMessage: (message: PortMessage) => void, onEnd: () => void): () => void;
}

/** What a call of an engine is named, and what it is given. */
export type CallName =
  | "bucket"
  | "get"
  | "create"
  | "update"
  | "delete"
  | "watch"
  | "log"
  | "append"
  | "read"
  | "next"
  | "trim"
  | "request";

/** Between a `PortEngine` and whoever serves it. `id` counts what one side has begun. */
export type PortMessage = { readonly valveSockets: "engine" } & (
  | { readonly type: "call"; readonly id: number; readonly call: CallName; readonly with: readonly unknown[] }
  | { readonly type: "result"; readonly id: number; readonly value: unknown }
  | { readonly type: "failed"; readonly id: number; readonly code: string; readonly text: string }
  | { readonly type: "publish"; readonly subject: string; readonly data: Uint8Array }
  | { readonly type: "subscribe"; readonly id: number; readonly subject: string; readonly queue: string | undefined }
  | { readonly type: "answers"; readonly id: number; readonly subject: string }
  /** Ends a subscription, an answer, a watch or a reading. */
  | { readonly type: "end"; readonly id: number }
  | { readonly type: "heard"; readonly id: number; readonly subject: string; readonly data: Uint8Array }
  | { readonly type: "changed"; readonly id: number; readonly change: Change }
  /** Changes of a watch were left out, since the other process did not read: it has ended. */
  | { readonly type: "gap"; readonly id: number }
  | {
      readonly type: "asked";
      readonly id: number;
      readonly ask: number;
      readonly subject: string;
      readonly data: Uint8Array;
    }
  | { readonly type: "answered"; readonly ask: number; readonly data: Uint8Array | null; readonly error: string }
  | { readonly type: "link"; readonly isUp: boolean }
);

/** What a call of `next` gives: records of a reading, and whether these were the last. */
export interface Page {
  readonly records: readonly LogRecord[];
  readonly isLast: boolean;
}
export type Entries = readonly Entry[];

/** The two ends of a process's channel, as a child process and its parent have them. */
interface Channel {
  readonly connected: boolean;
  send?(message: unknown, handle?: undefined, options?: undefined, sent?: (error: Error | null) => void): boolean;
  on(name: "message" | "disconnect", listener: (message: unknown) => void): unknown;
  off(name: "message" | "disconnect", listener: (message: unknown) => void): unknown;
}

/** The port of a child process that was forked with `serialization: "advanced"`, or of `process` in that child. */
export function portOf(channel: Channel): Port {
  return {
    send: (message, sent = () => {}) => {
      if (!channel.connected) return false;
      channel.send?.(message, undefined, undefined, sent);
      return true;
    },
    listen: (onMessage, onEnd) => {
      const hear = (message: unknown) => {
        if ((message as Partial<PortMessage> | null)?.valveSockets === "engine") onMessage(message as PortMessage);
      };
      channel.on("message", hear);
      channel.on("disconnect", onEnd);
      return () => {
        channel.off("message", hear);
        channel.off("disconnect", onEnd);
      };
    },
  };
}
