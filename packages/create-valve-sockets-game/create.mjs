#!/usr/bin/env node
// npm create valve-sockets-game [folder]: copies the folder `template`, and gives the copy the folder's name.
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const USAGE = `npm create valve-sockets-game [folder]

Makes a multiplayer game in the folder, which must be new or empty (but for .git). Default: my-game`;

/** A folder as a shell takes it. */
const typed = (folder) => (/^[\p{L}\p{N}\p{M}/\\:._-]+$/u.test(folder) ? folder : JSON.stringify(folder));

/** What npm takes as the name of a package. */
const nameOf = (folder) => {
  const name = basename(folder)
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return name || "my-game";
};

function create(folder) {
  if (existsSync(folder) && readdirSync(folder).some((name) => name !== ".git"))
    throw new Error(`${folder} is not empty. Name a new folder`);
  cpSync(fileURLToPath(new URL("./template", import.meta.url)), folder, { recursive: true });
  renameSync(join(folder, "gitignore"), join(folder, ".gitignore")); // npm does not pack a .gitignore
  const file = join(folder, "package.json");
  const description = { ...JSON.parse(readFileSync(file, "utf8")), name: nameOf(folder) };
  writeFileSync(file, `${JSON.stringify(description, null, 2)}\n`);
}

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith("-"));
const isHelp = options.some((option) => ["--help", "-h"].includes(option));
if (isHelp) {
  console.log(USAGE);
} else if (options.length > 0 || args.length > 1) {
  console.error(`${options[0] ?? args[1]} is not known here.\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  const [folder = "my-game"] = args;
  try {
    create(resolve(folder));
    console.log(`Made ${folder}. Now type:\n\n  cd ${typed(folder)}\n  npm install\n  npm start`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
