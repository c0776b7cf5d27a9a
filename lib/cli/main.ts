#!/usr/bin/env node
import { suggestion } from "../options.js";
import { type Command, defineCommand, runCommand, UsageError } from "./command.js";
import { completionScript, shells } from "./completion.js";
import { packageVersion } from "./package-version.js";

/** Each is loaded when it is wanted: most need a part of the package only. */
const loaders: Record<string, () => Promise<Command>> = {
  cert: async () => (await import("./cert-command.js")).certCommand,
  connect: async () => (await import("./connect-command.js")).connectCommand,
  doctor: async () => (await import("./doctor-command.js")).doctorCommand,
  guard: async () => (await import("./guard-command.js")).guardCommand,
  inspect: async () => (await import("./inspect-command.js")).inspectCommand,
  keygen: async () => (await import("./keygen-command.js")).keygenCommand,
  load: async () => (await import("./load-command.js")).loadCommand,
  ping: async () => (await import("./ping-command.js")).pingCommand,
  rooms: async () => (await import("./rooms-command.js")).roomsCommand,
  serve: async () => (await import("./serve-command.js")).serveCommand,
  trace: async () => (await import("./trace-command.js")).traceCommand,
  wire: async () => (await import("./wire-command.js")).wireCommand,
  xcs: async () => (await import("./xcs-command.js")).xcsCommand,
  completion: async () => completionCommand,
};

const completionCommand = defineCommand({
  summary: "prints what completes commands in a shell",
  usage: `Usage: valve-sockets completion SHELL

Prints a script that completes commands and options, for ${shells.join(", ")}:

  source <(valve-sockets completion bash)
  source <(valve-sockets completion zsh)
  valve-sockets completion fish | source
`,
  options: {},
  async run(_, [shell, ...others]) {
    const script = others.length === 0 ? completionScript(shell, await loadAll()) : null;
    if (script === null) throw new UsageError(`It takes one shell: ${shells.join(", ")}`);
    process.stdout.write(script);
    return 0;
  },
});

const loadAll = async (): Promise<[name: string, command: Command][]> =>
  Promise.all(Object.entries(loaders).map(async ([name, load]) => [name, await load()] as [string, Command]));

async function usage(): Promise<string> {
  const rows = (await loadAll()).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}\n`);
  return `Usage: valve-sockets COMMAND [OPTIONS]

Commands:
${rows.join("")}
  valve-sockets COMMAND --help tells about one command, valve-sockets --version the version.
`;
}

/** Does what the arguments say. @returns the exit code; 2 for wrong arguments */
async function main([name, ...args]: string[]): Promise<number> {
  if (name === "--version") {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  if (name === "--help" || name === "-h" || name === "help") {
    process.stdout.write(await usage());
    return 0;
  }
  const load = name !== undefined && Object.hasOwn(loaders, name) ? loaders[name] : undefined;
  if (name !== undefined && load) return runCommand(name, await load(), args);
  const error = name === undefined ? "" : `There is no command ${name}; ${suggestion(name, Object.keys(loaders))}\n\n`;
  process.stderr.write(error + (await usage()));
  return 2;
}

// Whoever reads the output has gone.
process.stdout.on("error", () => process.exit(1));
process.exitCode = await main(process.argv.slice(2));
