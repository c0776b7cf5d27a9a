// Serves the page of an example and what it imports.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const library = new URL("../dist/", import.meta.url);

/**
 * An HTTP server that listens.
 *
 * @param {string} folder the URL of the page's folder: its index.html, and scripts
 * @param {number} port 0: a free one
 * @param {Record<string, URL>} packages more folders with scripts, by the first part of their path
 */
export async function servePage(folder, port, packages = {}) {
  const folders = new Map([["dist/", library], ...Object.entries(packages)]);
  const http = createServer(async (request, response) => {
    const [path] = (request.url ?? "/").split("?");
    const match = /^\/([\w-]+\/)?((?:[\w-]+\/)*[\w-]+(?:\.[\w-]+)*\.m?js)$/.exec(path);
    const [, first = "", rest = "index.html"] = match ?? [];
    const file = folders.has(first) ? new URL(rest, folders.get(first)) : new URL(first + rest, folder);
    try {
      const text = await readFile(fileURLToPath(file));
      response.setHeader("Content-Type", match ? "text/javascript" : "text/html");
      response.end(text);
    } catch {
      response.writeHead(404).end();
    }
  });
  http.listen(port);
  await once(http, "listening");
  return http;
}
