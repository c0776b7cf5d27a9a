// Reads what a shared library exports and needs, from its ELF file: no nm or readelf has to be there.
import { readFileSync } from "node:fs";

const sectionType = { dynamic: 6, dynamicSymbols: 11, versionNeeds: 0x6ffffffe, symbolVersions: 0x6fffffff };
const symbolBinding = { local: 0, weak: 2 };
const neededTag = 1n;

function sectionsOf(file) {
  const offset = Number(file.readBigUInt64LE(0x28));
  const size = file.readUInt16LE(0x3a);
  const count = file.readUInt16LE(0x3c);
  return Array.from({ length: count }, (_, index) => {
    const header = offset + index * size;
    return {
      type: file.readUInt32LE(header + 4),
      offset: Number(file.readBigUInt64LE(header + 24)),
      size: Number(file.readBigUInt64LE(header + 32)),
      link: file.readUInt32LE(header + 40),
      info: file.readUInt32LE(header + 44),
    };
  });
}

/** `Map` from a version's index to `{ name, library }`: the version needs are two nested linked lists. */
function readVersionNeeds(file, section, text) {
  const versions = new Map();
  if (!section) return versions;
  let need = section.offset;
  for (let i = 0; i < section.info; i++) {
    const library = text(section.link, file.readUInt32LE(need + 4));
    let entry = need + file.readUInt32LE(need + 8);
    for (let j = 0; j < file.readUInt16LE(need + 2); j++) {
      const name = text(section.link, file.readUInt32LE(entry + 8));
      versions.set(file.readUInt16LE(entry + 6), { name, library });
      entry += file.readUInt32LE(entry + 12);
    }
    need += file.readUInt32LE(need + 12);
  }
  return versions;
}

function readSymbols(file, sections, versions, text) {
  /** @type {string[]} */
  const exports = [];
  /** @type {{ name: string, version: string, isOptional: boolean }[]} */
  const imports = [];
  const table = sections.find((section) => section.type === sectionType.dynamicSymbols);
  const versionTable = sections.find((section) => section.type === sectionType.symbolVersions);
  for (let index = 1; table && index < table.size / 24; index++) {
    const symbol = table.offset + index * 24;
    const name = text(table.link, file.readUInt32LE(symbol));
    const defined = file.readUInt16LE(symbol + 6) !== 0;
    const binding = file[symbol + 4] >> 4;
    if (binding === symbolBinding.local) continue;
    if (defined) {
      exports.push(name);
    } else {
      const version = versionTable ? file.readUInt16LE(versionTable.offset + index * 2) & 0x7fff : 0;
      imports.push({ name, version: versions.get(version)?.name ?? "", isOptional: binding === symbolBinding.weak });
    }
  }
  return { exports: exports.sort(), imports };
}

function compareVersions(a, b) {
  const [left, right] = [a, b].map((version) => version.split(".").map(Number));
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether glibc version `a` is newer than `b` ("2.28"). */
export function isNewer(a, b) {
  return compareVersions(a, b) > 0;
}

/** `{ needed, exports, imports: [{ name, version, isOptional }], newestGlibc }` of a 64-bit little-endian ELF file. */
export function readElf(path) {
  const file = readFileSync(path);
  if (file.length < 64 || file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new Error(`${path} is not a 64-bit little-endian ELF file`);
  }
  const sections = sectionsOf(file);
  const text = (section, offset) => {
    const start = sections[section].offset + offset;
    return file.toString("utf8", start, file.indexOf(0, start));
  };

  /** @type {string[]} */
  const needed = [];
  const dynamic = sections.find((section) => section.type === sectionType.dynamic);
  for (let entry = dynamic?.offset ?? 0; dynamic && entry < dynamic.offset + dynamic.size; entry += 16) {
    if (file.readBigInt64LE(entry) === neededTag)
      needed.push(text(dynamic.link, Number(file.readBigUInt64LE(entry + 8))));
  }

  const versionSection = sections.find((section) => section.type === sectionType.versionNeeds);
  const versions = readVersionNeeds(file, versionSection, text);
  const glibc = [...versions.values()].map(({ name }) => /^GLIBC_([\d.]+)$/.exec(name)?.[1]).filter(Boolean);
  const newestGlibc = glibc.sort(compareVersions).at(-1) ?? "";
  return { needed, newestGlibc, ...readSymbols(file, sections, versions, text) };
}
