// The ad hoc signature that Apple's linker gives every file on arm64: hashes of its pages, without a certificate. zig
// signs for arm64 only. Layout: xnu's cs_blobs.h. Its numbers are big-endian, unlike the rest of the file.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const MACH_O_64 = 0xfeedfacf;
const SUPER_BLOB = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const PAGE_SIZE_LOG2 = 12;
const HASH_SIZE = 32; // SHA-256, type 2
const FLAGS = 0x2 | 0x20000; // ad hoc, by a linker
const command = { segment: 0x19, signature: 0x1d };
const headerSize = { superBlob: 20, codeDirectory: 88 };

/** `[{ type, offset, size }]`: the load commands of a 64-bit little-endian Mach-O file. */
function loadCommands(file, path) {
  if (file.length < 32 || file.readUInt32LE(0) !== MACH_O_64) throw new Error(`${path} is not a 64-bit Mach-O file`);
  const commands = [];
  let offset = 32;
  for (let i = 0; i < file.readUInt32LE(16); i++) {
    const size = file.readUInt32LE(offset + 4);
    commands.push({ type: file.readUInt32LE(offset) & 0x7fffffff, offset, size });
    offset += size;
  }
  return commands;
}

/** The SHA-256 hash of each page in the first `end` bytes of a file, concatenated. */
function hashPages(file, end, pageSize) {
  const hashes = [];
  for (let start = 0; start < end; start += pageSize) {
    const page = file.subarray(start, Math.min(start + pageSize, end));
    hashes.push(createHash("sha256").update(page).digest());
  }
  return Buffer.concat(hashes);
}

function codeDirectory(file, identifier, textSize) {
  const pages = hashPages(file, file.length, 1 << PAGE_SIZE_LOG2);
  const name = Buffer.from(`${identifier}\0`);
  const hashes = headerSize.codeDirectory + name.length;
  const header = Buffer.alloc(headerSize.codeDirectory);
  const count = pages.length / HASH_SIZE;
  const size = hashes + pages.length;
  const words = [CODE_DIRECTORY, size, 0x20400, FLAGS, hashes, headerSize.codeDirectory, 0, count, file.length];
  words.forEach((word, index) => {
    header.writeUInt32BE(word, index * 4);
  });
  header.set([HASH_SIZE, 2, 0, PAGE_SIZE_LOG2], 36);
  header.writeBigUInt64BE(BigInt(textSize), 72);
  return Buffer.concat([header, name, pages]);
}

/** Whether each page of a Mach-O file has the hash that the signature gives; null if there is no signature. */
export function signatureHolds(path) {
  const file = readFileSync(path);
  const signature = loadCommands(file, path).find(({ type }) => type === command.signature);
  if (!signature) return null;
  const blob = file.readUInt32LE(signature.offset + 8);
  if (file.readUInt32BE(blob) !== SUPER_BLOB) return false;
  const directory = blob + file.readUInt32BE(blob + 16);
  if (file.readUInt32BE(directory) !== CODE_DIRECTORY) return false;
  const [hashes, count, end] = [16, 28, 32].map((offset) => file.readUInt32BE(directory + offset));
  const pages = hashPages(file, end, 1 << file[directory + 39]);
  const wanted = file.subarray(directory + hashes, directory + hashes + count * HASH_SIZE);
  return end === blob && pages.equals(wanted);
}

/** Signs the file in place, unless it has a signature. */
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
  const pages = Math.ceil(file.length / (1 << PAGE_SIZE_LOG2));
  const identifier = basename(path);
  const size = headerSize.superBlob + headerSize.codeDirectory + identifier.length + 1 + pages * HASH_SIZE;

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
  [SUPER_BLOB, superBlob.length + directory.length, 1, 0, headerSize.superBlob].forEach((word, index) => {
    superBlob.writeUInt32BE(word, index * 4);
  });
  writeFileSync(path, Buffer.concat([file, superBlob, directory]));
}
