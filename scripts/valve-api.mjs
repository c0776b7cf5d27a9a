// Writes docs/valve-api.md from docs/valve-api.json: a row for each item of the ValveSockets README.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./paths.mjs";

export const rows = JSON.parse(readFileSync(join(root, "docs", "valve-api.json"), "utf8"));

export function valveApiPage() {
  const lines = rows.map(({ item, ours, file, test, note = "" }) => {
    return `| \`${item}\` | \`${ours}\` | ${test} (\`${file}\`) | ${note} |`;
  });
  return `# The ValveSockets API, item by item

Made by \`node scripts/valve-api.mjs\` from \`valve-api.json\`. A test checks that every item exists here and that the
test named beside it runs.

| ValveSockets README | here | test | what differs |
|---|---|---|---|
${lines.join("\n")}
`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  writeFileSync(join(root, "docs", "valve-api.md"), valveApiPage());
}
