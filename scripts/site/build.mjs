// npm run docs: builds the documentation as a site, in `site` or the folder that it is given. It fails on a dead link.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { cache, root } from "../paths.mjs";
import { main, run, step } from "../run.mjs";
import { fillOnce, keyOf } from "../toolchain.mjs";
import { deadLinks } from "./dead-links.mjs";
import { kinds } from "./navigation.mjs";
import { findPages, titleOf, writePages } from "./pages.mjs";

const here = join(root, "scripts", "site");

/** VitePress, installed once. Its scripts are not run: esbuild works without its own. */
async function installVitePress() {
  const lock = join(here, "package-lock.json");
  const folder = join(cache, "site", keyOf(readFileSync(lock)));
  await fillOnce(folder, (target) => {
    step("VitePress: npm ci");
    for (const name of ["package.json", "package-lock.json"]) cpSync(join(here, name), join(target, name));
    run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: target });
  });
  return folder;
}

/** The navigation. Throws an error for a page that is not in it. */
function sidebarOf(pages) {
  const missing = pages.filter((page) => !Object.values(kinds).flat().includes(page));
  if (missing.length > 0) throw new Error(`scripts/site/navigation.mjs lacks ${missing.join(", ")}`);
  return Object.entries(kinds).map(([text, names]) => ({
    text,
    items: names.map((page) =>
      page === "README" ? { text: "First steps", link: "/" } : { text: titleOf(page), link: `/${page}` },
    ),
  }));
}

async function buildSite(output) {
  const tool = await installVitePress();
  // Below the tool, because the pages import its packages.
  const work = mkdtempSync(join(tool, "pages-"));
  try {
    writePages(work);
    mkdirSync(join(work, ".vitepress"));
    cpSync(join(here, "config.mjs"), join(work, ".vitepress", "config.mjs"));
    writeFileSync(join(work, ".vitepress", "sidebar.json"), JSON.stringify(sidebarOf(findPages())));
    const program = join(tool, "node_modules", "vitepress", "bin", "vitepress.js");
    run(process.execPath, [program, "build", work, "--outDir", output]);
  } finally {
    rmSync(work, { recursive: true });
  }
  const dead = deadLinks(output);
  if (dead.length > 0) throw new Error(`Dead links:\n${dead.join("\n")}`);
}

await main(() => buildSite(resolve(process.argv[2] ?? join(root, "site"))));
