import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const LIBRARY = fileURLToPath(new URL("../dist/", import.meta.url));

/** An HTTP server of an example's page: the `index.html` of its folder, and what that imports from there and `dist`. */
export function servePage(folder) {
  const here = fileURLToPath(folder);
  return createServer(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const match = /^\/(dist\/)?((?:[\w-]+\/)*[\w-]+\.m?js)$/.exec(path);
    const file = match ? (match[1] ? LIBRARY : here) + match[2] : `${here}index.html`;
    try {
      const text = await readFile(file);
      response.setHeader("Content-Type", match ? "text/javascript" : "text/html");
      response.end(text);
    } catch {
      response.writeHead(404).end();
    }
  });
}
