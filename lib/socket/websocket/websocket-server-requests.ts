import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpServer } from "./websocket-server-options.js";

/** Answers a request in place of the server's own listeners. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Of each server: the answers by their paths, and what gives the server back to its own listeners. */
const taken = new WeakMap<HttpServer, { readonly answers: Map<string, Answer>; release(): void }>();

export const pathOf = (url = "/"): string => url.split("?")[0] as string;

/** Answers requests for `path` until the returned function is called; all others go on to the server's listeners. */
export function answerRequests(server: HttpServer, path: string, answer: Answer): () => void {
  const { answers, release } = taken.get(server) ?? takeRequests(server);
  answers.set(path, answer);
  return () => {
    if (answers.get(path) === answer) answers.delete(path);
    if (answers.size > 0 || !taken.delete(server)) return;
    release();
  };
}

function takeRequests(server: HttpServer) {
  const answers = new Map<string, Answer>();
  const others = [...server.listeners("request")] as Answer[];
  const onRequest: Answer = (request, response) => {
    const answer = answers.get(pathOf(request.url));
    if (answer) answer(request, response);
    else for (const other of others) other.call(server, request, response);
  };
  for (const other of others) server.off("request", other);
  server.on("request", onRequest);
  const release = () => {
    server.off("request", onRequest);
    for (const other of others) server.on("request", other);
  };
  const entry = { answers, release };
  taken.set(server, entry);
  return entry;
}
