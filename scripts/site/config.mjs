// VitePress reads this beside the pages that pages.mjs has put there.
import sidebar from "./sidebar.json";

const CSS = `
  .file-name { margin: 16px 0 -12px; font: 13px var(--vp-font-family-mono); color: var(--vp-c-text-2); }
  .vp-doc table { max-width: 100%; }
`;

/** The ids that GitHub gives to headings, so that links to them hold in both places. */
const slugify = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .trim()
    .replace(/\s/g, "-");

/** Shows the name of a block that is one file of several: ```js server.mjs */
function nameFiles(md) {
  const fence = md.renderer.rules.fence;
  md.renderer.rules.fence = (tokens, index, ...rest) => {
    const [, name] = tokens[index].info.match(/^\w+ +([\w./-]+)$/) ?? [];
    const code = fence(tokens, index, ...rest);
    return name ? `<div class="file-name">${name}</div>${code}` : code;
  };
}

export default {
  title: "valve-sockets",
  description: "Multiplayer networking for Node.js and browsers",
  rewrites: { "README.md": "index.md" },
  head: [
    ["style", {}, CSS],
    ["link", { rel: "icon", href: "data:," }],
  ],
  // dead-links.mjs checks the rest, and the headings.
  ignoreDeadLinks: "localhostLinks",
  // The pictures follow the system as well.
  appearance: "force-auto",
  markdown: { anchor: { slugify }, toc: { slugify }, config: nameFiles, languageAlias: { caddy: "nginx" } },
  themeConfig: { sidebar, search: { provider: "local" }, outline: [2, 3] },
};
