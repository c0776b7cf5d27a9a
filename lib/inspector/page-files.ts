import { readFileSync } from "node:fs";

interface PageFile {
  readonly type: string;
  readonly content: Uint8Array;
}

/** Of everything that the inspector sends: nothing is kept, embedded, or loaded from elsewhere. */
export const PAGE_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

const files: Readonly<Record<string, readonly [name: string, type: string]>> = {
  "/": ["index.html", "text/html; charset=utf-8"],
  "/page.js": ["page.js", "text/javascript; charset=utf-8"],
  "/page.css": ["page.css", "text/css; charset=utf-8"],
};
const loaded = new Map<string, PageFile>();

/** A file of the page, by its path; null for other paths. */
export function pageFile(path: string): PageFile | null {
  const known = Object.hasOwn(files, path) ? files[path] : undefined;
  if (!known) return null;
  const [name, type] = known;
  const file = loaded.get(path) ?? { type, content: readFileSync(new URL(`./page/${name}`, import.meta.url)) };
  loaded.set(path, file);
  return file;
}
