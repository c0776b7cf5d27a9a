import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Links and pictures of a site's pages that lead nowhere, and links to headings that are not there: `page: target`. */
export function deadLinks(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".html"));
  const pages = new Map(files.map((file) => [file, readFileSync(join(folder, file), "utf8")]));
  const ids = new Map([...pages].map(([file, html]) => [file, new Set(matches(html, /\sid="([^"]+)"/g))]));
  return [...pages].flatMap(([file, html]) => {
    const isDead = (target) => {
      const { protocol, pathname, hash } = new URL(target, `site:///${file}`);
      if (protocol !== "site:") return false;
      const path = decodeURIComponent(pathname).slice(1);
      const aim = path === "" || path.endsWith("/") ? `${path}index.html` : path;
      if (!existsSync(join(folder, aim))) return true;
      return hash !== "" && !ids.get(aim)?.has(decodeURIComponent(hash.slice(1)));
    };
    const targets = new Set(matches(html, /<(?:a|img|link|script)\s[^>]*?(?:href|src)="([^"]+)"/g));
    return [...targets].filter(isDead).map((target) => `${file}: ${target}`);
  });
}

const matches = (text, pattern) => [...text.matchAll(pattern)].map(([, found]) => found.replaceAll("&amp;", "&"));
