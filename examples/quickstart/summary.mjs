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

/** The files to open after the quick start: one path a line. */
export function nextSteps() {
  return `Three files to open next:
  ${pathOf("examples/bad-network/server.mjs")}: the server of the page, with its bots
  ${pathOf("docs/tutorial.md")}: from an empty folder to a game in the browser
  ${pathOf("docs/message.md")}: players, messages, requests, logins`;
}
