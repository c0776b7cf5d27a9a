// Reads what a Windows library exports and needs, from its PE file.
import { readFileSync } from "node:fs";

const directoryIndex = { exports: 0, imports: 1, delayedImports: 13 };
const sizeOf = { section: 40, importEntry: 20, delayedImportEntry: 32 };

/** Functions that read at addresses as they are once the file is loaded. */
function addressSpace(file, header) {
  const optional = header + 24;
  const sections = optional + file.readUInt16LE(header + 20);
  const table = Array.from({ length: file.readUInt16LE(header + 6) }, (_, index) => {
    const section = sections + index * sizeOf.section;
    const [address, size, offset] = [12, 16, 20].map((field) => file.readUInt32LE(section + field));
    return { address, size, offset };
  });
  const at = (address) => {
    const section = table.find(({ address: start, size }) => address >= start && address < start + size);
    if (!section) throw new Error(`the address ${address} is in no section`);
    return section.offset + address - section.address;
  };
  const text = (address) => file.toString("latin1", at(address), file.indexOf(0, at(address)));
  const directory = (index) => file.readUInt32LE(optional + 112 + index * 8);
  return { at, text, directory };
}

/** `{ needed, exports, imports: [{ name, version: "" }] }` of a PE file for x64. */
export function readPe(path) {
  const file = readFileSync(path);
  const header = file.length > 64 ? file.readUInt32LE(0x3c) : 0;
  if (file.toString("latin1", header, header + 4) !== "PE\0\0" || file.readUInt16LE(header + 4) !== 0x8664) {
    throw new Error(`${path} is not a PE file for x64`);
  }
  const { at, text, directory } = addressSpace(file, header);

  /** @type {string[]} */
  const needed = [];
  /** @type {{ name: string, version: string }[]} */
  const imports = [];
  const readImports = (index, size, nameField, thunkField) => {
    if (directory(index) === 0) return;
    for (let entry = at(directory(index)); file.readUInt32LE(entry + nameField) !== 0; entry += size) {
      needed.push(text(file.readUInt32LE(entry + nameField)).toLowerCase());
      for (let thunk = at(file.readUInt32LE(entry + thunkField)); ; thunk += 8) {
        const value = file.readBigUInt64LE(thunk);
        if (value === 0n) break;
        const isOrdinal = value >> 63n === 1n;
        imports.push({ name: isOrdinal ? `#${value & 0xffffn}` : text(Number(value) + 2), version: "" });
      }
    }
  };
  readImports(directoryIndex.imports, sizeOf.importEntry, 12, 0);
  readImports(directoryIndex.delayedImports, sizeOf.delayedImportEntry, 4, 16);

  /** @type {string[]} */
  const exports = [];
  if (directory(directoryIndex.exports) !== 0) {
    const table = at(directory(directoryIndex.exports));
    const names = at(file.readUInt32LE(table + 32));
    for (let i = 0; i < file.readUInt32LE(table + 24); i++) exports.push(text(file.readUInt32LE(names + i * 4)));
  }
  return { needed, exports: exports.sort(), imports };
}
