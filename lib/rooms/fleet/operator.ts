import { NetworkError } from "../../network-error.js";
import type { Engine } from "../engine/engine.js";

/** What an operator may ask of a host from outside: whoever reaches the engine may. */
export type Order = "drain" | "undrain";

const subjectOf = (app: string, host: string) => `vs.${app}.orders.${host}`;
const ORDERS: readonly string[] = ["drain", "undrain"] satisfies Order[];

/** Has a host follow orders. @returns ends it */
export function followOrders(engine: Engine, app: string, host: string, follow: (order: Order) => void): () => void {
  return engine.answer(subjectOf(app, host), (data) => {
    const order = new TextDecoder().decode(data.subarray(0, 16));
    if (!ORDERS.includes(order)) throw new NetworkError("ERR_NOT_SUPPORTED", "There is no such order");
    follow(order as Order);
    return new Uint8Array(0);
  });
}

/**
 * Orders a host. Resolves when it has begun.
 *
 * @throws (rejects) NetworkError `ERR_NO_RESPONDERS`: there is no such host; others as `Engine.request`
 */
export async function order(engine: Engine, app: string, host: string, what: Order): Promise<void> {
  await engine.request(subjectOf(app, host), new TextEncoder().encode(what), { timeoutMs: 5000 });
}
