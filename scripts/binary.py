"""python3 binary.py <file> <linux|win32|darwin>: prints as JSON what a library exports and what it needs."""

import json
import re
import sys

import lief


def read_elf(binary):
    exports, imports = [], []
    for symbol in binary.dynamic_symbols:
        if symbol.binding == lief.ELF.Symbol.BINDING.LOCAL:
            continue
        if symbol.shndx != 0:
            exports.append(symbol.name)
            continue
        version = symbol.symbol_version
        known = version is not None and version.has_auxiliary_version
        name = version.symbol_version_auxiliary.name if known else ""
        optional = symbol.binding == lief.ELF.Symbol.BINDING.WEAK
        imports.append({"name": symbol.name, "version": name, "isOptional": optional})
    needed = [one for library in binary.symbols_version_requirement for one in library.get_auxiliary_symbols()]
    glibc = [match[1] for one in needed if (match := re.fullmatch(r"GLIBC_([\d.]+)", one.name))]
    newest = max(glibc, key=lambda version: [int(part) for part in version.split(".")], default="")
    return {"needed": binary.libraries, "exports": sorted(exports), "imports": imports, "newestGlibc": newest}


def read_pe(binary):
    needed, imports = [], []
    for library in [*binary.imports, *binary.delay_imports]:
        needed.append(library.name.lower())
        names = [f"#{entry.ordinal}" if entry.is_ordinal else entry.name for entry in library.entries]
        imports += [{"name": name, "version": ""} for name in names]
    exports = [entry.name for entry in binary.get_export().entries if entry.name] if binary.has_exports else []
    return {"needed": needed, "exports": sorted(exports), "imports": imports}


def read_macho(binary):
    """Imports say which of the needed libraries they are looked for in: null for whichever is loaded, such as Node."""
    debugging, hidden, external, weak_definition = 0xE0, 0x10, 0x01, 0x80
    needed = [one.name for one in binary.libraries if one.command == lief.MachO.LoadCommand.TYPE.LOAD_DYLIB]
    exports, weak, imports = [], [], []
    for symbol in binary.symbols:
        is_in_table = symbol.origin == lief.MachO.Symbol.ORIGIN.SYMTAB
        if not is_in_table or symbol.raw_type & (debugging | hidden | external) != external:
            continue
        name = symbol.name.removeprefix("_")
        if symbol.type == lief.MachO.Symbol.TYPE.UNDEFINED:
            ordinal = symbol.library_ordinal
            library = needed[ordinal - 1] if 1 <= ordinal <= len(needed) else None
            imports.append({"name": name, "version": "", "library": library})
        else:
            exports.append(name)
            if symbol.description & weak_definition:
                weak.append(name)
    oldest = ".".join(str(part) for part in binary.build_version.minos[:2])
    return {"needed": needed, "exports": sorted(exports), "weak": weak, "imports": imports, "oldestMacos": oldest}


FORMATS = {
    "linux": (lief.ELF.Binary, "64-bit little-endian ELF", read_elf),
    "win32": (lief.PE.Binary, "64-bit PE", read_pe),
    "darwin": (lief.MachO.Binary, "64-bit Mach-O", read_macho),
}


def is_wanted(binary, kind):
    header = binary.abstract.header if isinstance(binary, kind) else None
    return header is not None and header.is_64 and header.endianness == lief.Header.ENDIANNESS.LITTLE


lief.logging.disable()
path, system = sys.argv[1:]
kind, name, read = FORMATS[system]
binary = lief.parse(path)
if not is_wanted(binary, kind):
    sys.exit(f"{path} is not a {name} file")
json.dump(read(binary), sys.stdout)
