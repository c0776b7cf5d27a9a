// Reads what a macOS library exports and needs, from its Mach-O file, and checks its code signature.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

const magic = { machO64: 0xfeedfacf, signature: 0xfade0cc0, codeDirectory: 0xfade0c02 };
export const command = { symbols: 0x2, library: 0xc, segment: 0x19, signature: 0x1d, buildVersion: 0x32 };
const symbolFlag = { debugging: 0xe0, hidden: 0x10, type: 0x0e, external: 0x01 };
const weakDefinition = 0x80;

/** `[{ type, offset, size }]`: the load commands of a 64-bit little-endian Mach-O file. */
export function loadCommands(file, path) {
  if (file.length < 32 || file.readUInt32LE(0) !== magic.machO64)
    throw new Error(`${path} is not a 64-bit Mach-O file`);
  const commands = [];
  let offset = 32;
  for (let i = 0; i < file.readUInt32LE(16); i++) {
    const size = file.readUInt32LE(offset + 4);
    commands.push({ type: file.readUInt32LE(offset) & 0x7fffffff, offset, size });
    offset += size;
  }
  return commands;
}

function textAt(file, offset) {
  return file.toString("utf8", offset, file.indexOf(0, offset));
}

/** Imports say which of the needed libraries they are looked for in: null for whoever is loaded, as Node. */
function readSymbols(file, { offset }, needed) {
  const [table, count, strings] = [8, 12, 16].map((field) => file.readUInt32LE(offset + field));
  /** @type {{ exports: string[], weak: string[], imports: { name: string, version: string, library: string | null }[] }} */
  const symbols = { exports: [], weak: [], imports: [] };
  for (let symbol = table; symbol < table + count * 16; symbol += 16) {
    const flags = file[symbol + 4];
    if (flags & (symbolFlag.debugging | symbolFlag.hidden) || !(flags & symbolFlag.external)) continue;
    const name = textAt(file, strings + file.readUInt32LE(symbol)).replace(/^_/, "");
    if ((flags & symbolFlag.type) === 0) {
      symbols.imports.push({ name, version: "", library: needed[file[symbol + 7] - 1] ?? null });
    } else {
      symbols.exports.push(name);
      if (file.readUInt16LE(symbol + 6) & weakDefinition) symbols.weak.push(name);
    }
  }
  return symbols;
}

/** Whether each page of the file has the hash that the signature gives; null without a signature. */
function signatureHolds(file, signature) {
  if (!signature) return null;
  const blob = file.readUInt32LE(signature.offset + 8);
  if (file.readUInt32BE(blob) !== magic.signature) return false;
  const directory = blob + file.readUInt32BE(blob + 16);
  if (file.readUInt32BE(directory) !== magic.codeDirectory) return false;
  const field = (offset) => file.readUInt32BE(directory + offset);
  const [hashes, pages, end] = [field(16), field(28), field(32)];
  const pageSize = 1 << file[directory + 39];
  if (end !== blob || pages !== Math.ceil(end / pageSize)) return false;
  return Array.from({ length: pages }).every((_, page) => {
    const content = file.subarray(page * pageSize, Math.min((page + 1) * pageSize, end));
    const wanted = directory + hashes + page * 32;
    return createHash("sha256")
      .update(content)
      .digest()
      .equals(file.subarray(wanted, wanted + 32));
  });
}

/** `{ needed, exports, weak, imports: [{ name, version: "", library }], oldestMacos, signatureHolds }` of a Mach-O file. */
export function readMachO(path) {
  const file = readFileSync(path);
  const commands = loadCommands(file, path);
  const one = (type) => commands.find((candidate) => candidate.type === type);
  const libraries = commands.filter(({ type }) => type === command.library);
  const version = file.readUInt32LE(one(command.buildVersion).offset + 12);
  const needed = libraries.map(({ offset }) => textAt(file, offset + file.readUInt32LE(offset + 8)));
  return {
    needed,
    ...readSymbols(file, one(command.symbols), needed),
    oldestMacos: `${version >> 16}.${(version >> 8) & 0xff}`,
    signatureHolds: signatureHolds(file, one(command.signature)),
  };
}
