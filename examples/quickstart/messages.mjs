/**
 * What client and server say to each other, as JSON:
 * the client sends { type: "reliable" | "unreliable", number } and, at the end, { type: "finished" };
 * the server answers each reliable message with { type: "echo", number }, and the end with its { type: "tally", … }.
 */
export function encode(message) {
  return new TextEncoder().encode(JSON.stringify(message));
}

export function decode(data) {
  return JSON.parse(new TextDecoder().decode(data));
}
