import { writeFile } from "node:fs/promises";
import { generateServerKey } from "../noise/index.js";
import { nodePrimitives } from "../noise/node-primitives.js";
import { defineCommand, notWritten, UsageError } from "./command.js";
import { jsonLine } from "./json-line.js";

const USAGE = `Usage: valve-sockets keygen [OPTIONS]

Makes the key pair of a server. The private key is for the server (serverKeys: [privateKey], of peer.encryption), the
public key for its clients, which pin it (serverKey).

  valve-sockets keygen --out server.key       the private key in a file, the public one printed
  valve-sockets keygen --json                 { "publicKey": "vs1public_…", "privateKey": "vs1private_…" }

  --out FILE  writes the private key there, readable for you alone; a file that exists is never written over
  --json      prints one JSON object
  --help      prints this

Exit codes: 0 done, 1 the file cannot be written, 2 wrong arguments.
`;

export const keygenCommand = defineCommand({
  summary: "makes the key pair of a server",
  usage: USAGE,
  options: { out: { type: "string" }, json: { type: "boolean", default: false } },
  async run({ out, json }, positionals) {
    if (positionals.length > 0) throw new UsageError(`It takes no ${positionals.join(" ")}`);
    const { publicKey, privateKey } = generateServerKey(nodePrimitives());
    if (out !== undefined) {
      try {
        await writeFile(out, `${privateKey}\n`, { mode: 0o600, flag: "wx" });
      } catch (error) {
        process.stderr.write(`The private key cannot be written: ${notWritten(error as Error)}\n`);
        return 1;
      }
    }
    const shown = out === undefined ? { publicKey, privateKey } : { publicKey };
    const lines = Object.entries(shown).map(([name, key]) => `${name.padEnd(10)} ${key}\n`);
    process.stdout.write(json ? jsonLine(shown) : lines.join(""));
    return 0;
  },
});
