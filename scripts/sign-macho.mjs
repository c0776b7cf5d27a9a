// Gives a Mach-O file the signature that Apple's linker gives every file on arm64: hashes of its pages, by nobody. zig
// signs for arm64 only. Layout: xnu's cs_blobs.h (numbers big-endian, unlike the rest of the file).
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { command, loadCommands } from "./macho.mjs";

const pageSizeLog2 = 12;
const hashSize = 32; // SHA-256, type 2
const flags = 0x2 | 0x20000; // ad hoc, by a linker
const headerSize = { superBlob: 20, codeDirectory: 88 };

function codeDirectory(file, identifier, textSize) {
  const pages = Math.ceil(file.length / (1 << pageSizeLog2));
  const name = Buffer.from(`${identifier}\0`);
  const hashes = headerSize.codeDirectory + name.length;
  const blob = Buffer.alloc(hashes + pages * hashSize);
  const words = [0xfade0c02, blob.length, 0x20400, flags, hashes, headerSize.codeDirectory, 0, pages, file.length];
  words.forEach((word, index) => {
    blob.writeUInt32BE(word, index * 4);
  });
  blob.set([hashSize, 2, 0, pageSizeLog2], 36);
  blob.writeBigUInt64BE(BigInt(textSize), 72);
  name.copy(blob, headerSize.codeDirectory);
  for (let page = 0; page < pages; page++) {
    const content = file.subarray(page << pageSizeLog2, (page + 1) << pageSizeLog2);
    blob.set(createHash("sha256").update(content).digest(), hashes + page * hashSize);
  }
  return blob;
}

/** Signs the file in place, unless it is signed. */
export function signMachO(path) {
  const unsigned = readFileSync(path);
  const commands = loadCommands(unsigned, path);
  if (commands.some(({ type }) => type === command.signature)) return;
  const segment = (name) => {
    const found = commands.find(
      ({ type, offset }) => type === command.segment && unsigned.toString("latin1", offset + 8).startsWith(`${name}\0`),
    );
    return found.offset;
  };
  const file = Buffer.concat([unsigned, Buffer.alloc(-unsigned.length & 15)]);
  const pages = Math.ceil(file.length / (1 << pageSizeLog2));
  const identifier = basename(path);
  const size = headerSize.superBlob + headerSize.codeDirectory + identifier.length + 1 + pages * hashSize;

  const last = commands.at(-1);
  const end = last.offset + last.size;
  if (file.subarray(end, end + 16).some((byte) => byte !== 0)) throw new Error(`${path} has no room for a signature`);
  [command.signature, 16, file.length, size].forEach((word, index) => {
    file.writeUInt32LE(word, end + index * 4);
  });
  file.writeUInt32LE(file.readUInt32LE(16) + 1, 16);
  file.writeUInt32LE(file.readUInt32LE(20) + 16, 20);
  const linkEdit = segment("__LINKEDIT");
  const linkEditSize = file.length + size - Number(file.readBigUInt64LE(linkEdit + 40));
  file.writeBigUInt64LE(BigInt(linkEditSize), linkEdit + 48);
  file.writeBigUInt64LE(BigInt(Math.ceil(linkEditSize / 0x1000) * 0x1000), linkEdit + 32);

  const textSize = Number(file.readBigUInt64LE(segment("__TEXT") + 48));
  const directory = codeDirectory(file, identifier, textSize);
  const superBlob = Buffer.alloc(headerSize.superBlob);
  [0xfade0cc0, superBlob.length + directory.length, 1, 0, headerSize.superBlob].forEach((word, index) => {
    superBlob.writeUInt32BE(word, index * 4);
  });
  writeFileSync(path, Buffer.concat([file, superBlob, directory]));
}
