"""python3 binary.py <file> <linux|win32|darwin>: prints as JSON what a library exports, what it needs, and the marks of
the compiler's defences that it has (scripts/hardening.mjs)."""

import json
import re
import sys

import lief


# Instructions by which a function touches each page of a large frame in turn: sub rsp, 4096 and a write to it by clang
# or gcc; sub sp, sp, 4096 and a write to it on ARM, in a loop with a comparison and a branch between them.
PROBES = {
    lief.ELF.ARCH.X86_64: rb"\x48\x81\xec\0\x10\0\0(\x48\xc7\x04\x24\0\0\0\0|\x48\x83\x0c\x24\0)",
    lief.ELF.ARCH.AARCH64: rb"(?s)\xff\x07\x40\xd1(.{4}){0,2}\xff\x03\0\xf9",
}
# With what a function begins that may be called through a pointer: endbr64; bti c or paciasp.
LANDINGS = {
    lief.ELF.ARCH.X86_64: (b"\xf3\x0f\x1e\xfa",),
    lief.ELF.ARCH.AARCH64: (b"\x5f\x24\x03\xd5", b"\x3f\x23\x03\xd5"),
}


def has_canaries(imports):
    """Whether a function of the C library's or of deps/toolchain/stack_protector.cc is told of overflows."""
    with open(path, "rb") as file:
        return "__stack_chk_fail" in imports or b"a buffer on the stack has overflowed" in file.read()


def present(marks):
    return [name for name, is_there in marks.items() if is_there]


def elf_marks(binary, exports, imports):
    tags, segment = lief.ELF.DynamicEntry.TAG, lief.ELF.Segment
    flags = {entry.tag: entry for entry in binary.dynamic_entries}
    kinds = {one.type: one for one in binary.segments}
    stack = kinds.get(segment.TYPE.GNU_STACK)
    code = [one for one in binary.segments if one.type == segment.TYPE.LOAD and one.has(segment.FLAGS.X)]
    functions = [one for one in exports if one.is_function]
    starts = [bytes(binary.get_content_from_virtual_address(one.value, 4)) for one in functions]
    machine = binary.header.machine_type
    bound_now = tags.FLAGS in flags and flags[tags.FLAGS].has(lief.ELF.DynamicEntryFlags.FLAG.BIND_NOW)
    return present({
        "stack protector": has_canaries(imports),
        "checked buffers": any(re.fullmatch(r"__\w+_chk", name) for name in imports),
        "no writable code": stack is not None
        and not stack.has(segment.FLAGS.X)
        and tags.TEXTREL not in flags
        and not any(one.has(segment.FLAGS.W) for one in code),
        "stack clash protection": any(re.search(PROBES[machine], bytes(one.content)) for one in code),
        "branch protection": len(starts) > 0 and all(start in LANDINGS[machine] for start in starts),
        "relocations read-only at start": segment.TYPE.GNU_RELRO in kinds and bound_now,
    })


def read_elf(binary):
    functions, exports, imports = [], [], []
    for symbol in binary.dynamic_symbols:
        if symbol.binding == lief.ELF.Symbol.BINDING.LOCAL:
            continue
        if symbol.shndx != 0:
            exports.append(symbol.name)
            functions.append(symbol)
            continue
        version = symbol.symbol_version
        known = version is not None and version.has_auxiliary_version
        name = version.symbol_version_auxiliary.name if known else ""
        optional = symbol.binding == lief.ELF.Symbol.BINDING.WEAK
        imports.append({"name": symbol.name, "version": name, "isOptional": optional})
    needed = [one for library in binary.symbols_version_requirement for one in library.get_auxiliary_symbols()]
    glibc = [match[1] for one in needed if (match := re.fullmatch(r"GLIBC_([\d.]+)", one.name))]
    newest = max(glibc, key=lambda version: [int(part) for part in version.split(".")], default="")
    marks = elf_marks(binary, functions, [one["name"] for one in imports])
    return {
        "needed": binary.libraries,
        "exports": sorted(exports),
        "imports": imports,
        "newestGlibc": newest,
        "marks": marks,
    }


def pe_marks(binary):
    traits, traits_of = lief.PE.OptionalHeader.DLL_CHARACTERISTICS, binary.optional_header
    kinds = lief.PE.Section.CHARACTERISTICS
    written = [one for one in binary.sections if one.has_characteristic(kinds.MEM_WRITE)]
    mixed = [one for one in written if one.has_characteristic(kinds.MEM_EXECUTE)]
    return present({
        "stack protector": has_canaries([]),
        "no writable code": traits_of.has(traits.NX_COMPAT) and len(mixed) == 0,
        "random addresses": traits_of.has(traits.DYNAMIC_BASE) and traits_of.has(traits.HIGH_ENTROPY_VA),
    })


def read_pe(binary):
    needed, imports = [], []
    for library in [*binary.imports, *binary.delay_imports]:
        needed.append(library.name.lower())
        names = [f"#{entry.ordinal}" if entry.is_ordinal else entry.name for entry in library.entries]
        imports += [{"name": name, "version": ""} for name in names]
    exports = [entry.name for entry in binary.get_export().entries if entry.name] if binary.has_exports else []
    return {"needed": needed, "exports": sorted(exports), "imports": imports, "marks": pe_marks(binary)}


def macho_marks(binary, imports):
    mixed = 2 | 4  # may be written and executed
    return present({
        "stack protector": has_canaries(imports),
        "checked buffers": any(re.fullmatch(r"__\w+_chk", name) for name in imports),
        "no writable code": all(one.max_protection & mixed != mixed for one in binary.segments),
    })


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
    marks = macho_marks(binary, [one["name"] for one in imports])
    return {
        "needed": needed,
        "exports": sorted(exports),
        "weak": weak,
        "imports": imports,
        "oldestMacos": oldest,
        "marks": marks,
    }


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
