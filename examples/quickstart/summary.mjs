import { relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Whether each client's reliable messages came through once and in order, both ways; and the text that says so. */
export function summarize(results, { messages }) {
  const isPerfect = ({ delivered, faults }) => delivered === messages && faults === 0;
  const lines = [];
  let unreliable = 0;
  for (const [id, result] of results.entries()) {
    unreliable += result?.tally.unreliable ?? 0;
    if (result === null) lines.push(`Client ${id + 1} ended without a result`);
    else if (!isPerfect(result.tally) || !isPerfect(result.echoes)) {
      const { tally, echoes } = result;
      const there = `${tally.delivered} of ${messages} there (${tally.faults} out of order)`;
      const back = `${echoes.delivered} back (${echoes.faults} out of order)`;
      lines.push(`Client ${id + 1}: ${there}, ${back}`);
    }
  }
  const ok = lines.length === 0 && results.length > 0;
  const total = results.length * messages;
  if (ok) lines.push(`Every one of ${total} reliable messages was delivered once and in order, there and back.`);
  lines.push(
    `Unreliable messages delivered: ${unreliable} of ${total} (${((unreliable / total) * 100).toFixed(1)} %).`,
  );
  return { ok, text: lines.join("\n") };
}

const pathOf = (place) => relative("", fileURLToPath(new URL(`../../${place}`, import.meta.url)));

/** What to look at after the quick start: one path a line. */
export function nextSteps() {
  return `What next:
  ${pathOf("README.md")}: a server and a client with messages, and which layer to take
  node ${pathOf("examples/ping-pong/main.mjs")} udp: round trips over gns, udp, websocket, memory
  node ${pathOf("examples/chat/server.mjs")}: a chat, with client.mjs beside it
  ${pathOf("docs/message.md")}: players, messages, requests, logins`;
}
