import { type FileHandle, open } from "node:fs/promises";
import { quoted } from "../printable.js";
import { activate, Socket, VirtualRouter, type XcsModule, type XcsOptions } from "../xcs/index.js";
import { defineCommand, type OptionValues, UsageError, wholeNumber } from "./command.js";
import { EchoComputer } from "./echo-computer.js";
import { linesOf } from "./lines.js";
import { Terminal } from "./terminal.js";
import { XcsSession } from "./xcs-session.js";

const USAGE = `Usage: valve-sockets xcs [FILE] [OPTIONS]

Does what the lines of FILE say, or those from the keyboard or a pipe:
  request socket_open 80 UDP      request socket_write 80 data
  request socket_read 80          request socket_close 80
The line "help" lists all commands.

On the virtual router (the default), a second computer writes back what it gets:
  --seed N                decides which packets are lost, 0 to 4294967295 (1)

On the real network:
  --backend node          uses the ports of this computer
  --peer HOST[:PORT]      to whom UDP writes; may be given several times (whoever has written lately)
  --connect HOST[:PORT]   the listener to which TCP connects (none: it listens)
  --port-offset N         is added to each port: 8000 makes 80 the port 8080 (0)
  --host ADDRESS          the address on which ports are opened (0.0.0.0)

  --help                  prints this

Exit codes: 0 done, 1 a line failed, 2 wrong arguments.
`;

const OPTIONS = {
  backend: { type: "string" },
  peer: { type: "string", multiple: true },
  connect: { type: "string" },
  "port-offset": { type: "string" },
  host: { type: "string" },
  seed: { type: "string" },
} as const;

/** Reads lines and does what they say. */
export const xcsCommand = defineCommand({
  summary: "opens, reads and writes ports, with the commands of XCS",
  usage: USAGE,
  options: OPTIONS,
  async run(values, positionals) {
    if (positionals.length > 1) throw new UsageError(`One FILE at a time: ${positionals.join(", ")} are too many`);
    const [path] = positionals;
    const { module, echo } = start(values);
    const file = path === undefined ? null : await openFile(path);
    const terminal = !file && process.stdin.isTTY ? new Terminal() : null;
    const session = new XcsSession(module, echo, terminal);
    return session.run(terminal ?? linesOf(file ? file.createReadStream() : process.stdin));
  },
});

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path).catch((error: Error) => {
    throw new UsageError(`Cannot read the file: ${error.message}`);
  });
  if (!(await file.stat()).isDirectory()) return file;
  await file.close();
  throw new UsageError(`Cannot read the file: ${path} is a folder`);
}

interface Started {
  readonly module: XcsModule;
  readonly echo: EchoComputer | null;
}

function start({ backend = "virtual", peer, connect, host, seed, ...rest }: OptionValues<typeof OPTIONS>): Started {
  if (backend !== "virtual" && backend !== "node") {
    throw new UsageError(`--backend is virtual or node, not ${quoted(backend)}`);
  }
  const portOffset = wholeNumber("--port-offset", rest["port-offset"]);
  const real: XcsOptions = {};
  if (peer !== undefined) real.peers = peer;
  if (connect !== undefined) real.connect = connect;
  if (host !== undefined) real.host = host;
  if (portOffset !== undefined) real.portOffset = portOffset;
  if (backend === "node") {
    if (seed !== undefined) throw new UsageError("--seed is for the virtual router: leave it out with --backend node");
    return { module: activate(Socket, { backend, ...real }), echo: null };
  }
  if (Object.keys(real).length > 0) {
    throw new UsageError("--peer, --connect, --port-offset and --host need --backend node");
  }
  const router = new VirtualRouter(wholeNumber("--seed", seed));
  const module = activate(Socket, { router });
  return { module, echo: new EchoComputer(router, module) };
}
