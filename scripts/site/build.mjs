// npm run docs: builds the documentation as a site, in `site` or the folder that it is given. The reference is made
// from the declarations in `dist`. It fails on a dead link.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { cache, root } from "../paths.mjs";
import { main, run, step } from "../run.mjs";
import { fillOnce, keyOf } from "../toolchain.mjs";
import { deadLinks } from "./dead-links.mjs";
import { kinds } from "./navigation.mjs";
import { findPages, titleOf, writePages } from "./pages.mjs";
import { writeReference } from "./reference.mjs";

const here = join(root, "scripts", "site");

/** VitePress and TypeDoc, installed once. Their scripts are not run: esbuild works without its own. */
async function installTools() {
  const lock = join(here, "package-lock.json");
  const folder = join(cache, "site", keyOf(readFileSync(lock)));
  await fillOnce(folder, (target) => {
    step("VitePress and TypeDoc: npm ci");
    for (const name of ["package.json", "package-lock.json"]) cpSync(join(here, name), join(target, name));
    run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: target });
  });
  return folder;
}

/** The navigation. Throws an error for a page that is not in it. */
function sidebarOf(pages) {
  const missing = pages.filter((page) => !Object.values(kinds).flat().includes(page));
  if (missing.length > 0) throw new Error(`scripts/site/navigation.mjs lacks ${missing.join(", ")}`);
  const itemOf = (page) =>
    page === "README" ? { text: "First steps", link: "/" } : { text: titleOf(page), link: `/${page}` };
  const sections = Object.entries(kinds).map(([text, names]) => ({ text, items: names.map(itemOf) }));
  // TypeDoc's pages are no pages of VitePress: `target` has the browser load them.
  const reference = { text: "All types, with their members", link: "/reference/index.html", target: "_self" };
  sections.find(({ text }) => text === "Reference").items.unshift(reference);
  return sections;
}

async function buildSite(output) {
  const tool = await installTools();
  // Below the tool, because the pages import its packages.
  const work = mkdtempSync(join(tool, "pages-"));
  try {
    writePages(work);
    mkdirSync(join(work, ".vitepress"));
    cpSync(join(here, "config.mjs"), join(work, ".vitepress", "config.mjs"));
    writeFileSync(join(work, ".vitepress", "sidebar.json"), JSON.stringify(sidebarOf(findPages())));
    const program = join(tool, "node_modules", "vitepress", "bin", "vitepress.js");
    run(process.execPath, [program, "build", work, "--outDir", output]);
    step("TypeDoc");
    await writeReference(tool, work, join(output, "reference"));
  } finally {
    rmSync(work, { recursive: true });
  }
  const dead = deadLinks(output);
  if (dead.length > 0) throw new Error(`Dead links:\n${dead.join("\n")}`);
}

await main(() => buildSite(resolve(process.argv[2] ?? join(root, "site"))));
