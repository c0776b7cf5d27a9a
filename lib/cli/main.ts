#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { guardCommand } from "./guard-command.js";
import { xcsCommand } from "./xcs-command.js";

const USAGE = `Usage: valve-sockets COMMAND [OPTIONS]

Commands:
  guard    prints rules for the kernel's packet filter
  xcs      opens, reads and writes ports, with the commands of XCS

  valve-sockets COMMAND --help tells about one command, valve-sockets --version the version.
`;

/** Does what the arguments say. @returns the exit code; 2 for wrong arguments */
async function main([command, ...args]: string[]): Promise<number> {
  switch (command) {
    case "guard":
      return guardCommand(args);
    case "xcs":
      return xcsCommand(args);
    case "--help":
    case "-h":
      process.stdout.write(USAGE);
      return 0;
    case "--version":
      process.stdout.write(`${version()}\n`);
      return 0;
    default:
      process.stderr.write(command === undefined ? USAGE : `There is no command ${command}\n\n${USAGE}`);
      return 2;
  }
}

function version(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

// Whoever reads the output has gone.
process.stdout.on("error", () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
