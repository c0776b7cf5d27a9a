import type { NotifyCallbacks } from "../../peer/index.js";
import type { MessageDefinition } from "../protocol/message.js";

/** What a callback threw. */
export type NotifyFailure = (error: unknown, message: MessageDefinition<unknown>, what: string) => void;

/** Calls what became of a notify message, and reports what that throws. It serves the next message afterwards. */
export class GuardedNotify implements NotifyCallbacks {
  readonly #free: GuardedNotify[];
  readonly #report: NotifyFailure;
  #message: MessageDefinition<unknown> | null = null;
  #callbacks: NotifyCallbacks | null = null;

  /** @param free those that wait for a message */
  constructor(free: GuardedNotify[], report: NotifyFailure) {
    this.#free = free;
    this.#report = report;
  }

  begin(message: MessageDefinition<unknown>, callbacks: NotifyCallbacks): this {
    this.#message = message;
    this.#callbacks = callbacks;
    return this;
  }

  /** The message was not taken, or its fate is known. */
  release(): void {
    if (this.#callbacks) this.#free.push(this);
    this.#message = this.#callbacks = null;
  }

  onDelivered(): void {
    this.#call("onDelivered");
  }

  onLost(): void {
    this.#call("onLost");
  }

  #call(name: keyof NotifyCallbacks): void {
    const callbacks = this.#callbacks;
    const message = this.#message as MessageDefinition<unknown>;
    this.release();
    try {
      callbacks?.[name]();
    } catch (error) {
      this.#report(error, message, `${name} of ${message.name}`);
    }
  }
}
