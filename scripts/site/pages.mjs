import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { root } from "../paths.mjs";

/** The project's own pages, without `.md`. */
export function findPages() {
  const pagesOf = (folder) => readdirSync(join(root, folder)).filter((name) => name.endsWith(".md"));
  const paths = [...pagesOf("."), ...pagesOf("docs").map((name) => `docs/${name}`)];
  return paths.map((path) => path.slice(0, -".md".length)).filter((page) => page !== "THIRD_PARTY_NOTICES");
}

/** Writes the pages and their pictures into a folder, and a page for every other file or folder that they link. */
export function writePages(folder) {
  const written = new Set();
  const write = (page, text, source) => {
    written.add(page);
    const linked = text.replace(/\]\(([^)#\s]+)/g, (link, target) => {
      if (/^\w+:/.test(target)) return link;
      const path = relative(root, join(root, dirname(source), target));
      if (!existsSync(join(root, path)) || /\.(svg|png)$/.test(path)) return link;
      const isPage = path.endsWith(".md") && !path.startsWith("examples/");
      const aim = isPage ? path.slice(0, -".md".length) : path.replace(/\/README\.md$/, "");
      if (!isPage && !written.has(aim)) write(aim, show(aim), `${aim}/README.md`);
      return `](${relative(dirname(page), aim) || "."}.md`;
    });
    mkdirSync(dirname(join(folder, page)), { recursive: true });
    writeFileSync(join(folder, `${page}.md`), linked);
  };
  for (const page of findPages()) write(page, readFileSync(join(root, `${page}.md`), "utf8"), `${page}.md`);
  for (const pictures of ["docs/pictures", "docs/images"]) {
    cpSync(join(root, pictures), join(folder, pictures), { recursive: true });
  }
}

/** The text of a page that shows a file, or the files of a folder below its README. */
function show(path) {
  if (statSync(join(root, path)).isFile()) return `# ${path}\n\n${fence(path)}`;
  const names = readdirSync(join(root, path)).filter((name) => statSync(join(root, path, name)).isFile());
  const readme = names.includes("README.md") ? readFileSync(join(root, path, "README.md"), "utf8") : `# ${path}\n`;
  const sources = names.filter((name) => name !== "README.md");
  return [readme, ...sources.map((name) => `## ${name}\n\n${fence(join(path, name))}`)].join("\n");
}

function fence(path) {
  const languages = { ".mjs": "js", ".html": "html", ".json": "json" };
  const text = readFileSync(join(root, path), "utf8").trimEnd();
  return `\`\`\`\`${languages[extname(path)] ?? "txt"}\n${text}\n\`\`\`\`\n`;
}

/** The title of a page: its first heading. */
export const titleOf = (page) => readFileSync(join(root, `${page}.md`), "utf8").match(/^# (.+)$/m)?.[1] ?? page;
