// protobuf walks a linker section of its own, from one name to the other.
#if defined(__ELF__)
// lld exports the section's two ends past any version script, unless an object of the link asks for them to be hidden.
asm(".weak __start_pb_defaults\n.hidden __start_pb_defaults\n"
    ".weak __stop_pb_defaults\n.hidden __stop_pb_defaults\n");
#elif defined(_WIN32)
// Windows' linker knows no ends of sections. Here is one with a single entry, { message, target, size }, whose target is
// itself, like the placeholder that protobuf puts into the real one; clang takes for granted that the names differ.
asm(".data\n.balign 8\n"
    ".globl __start_pb_defaults\n__start_pb_defaults:\n.quad 0, __start_pb_defaults, 24\n"
    ".globl __stop_pb_defaults\n__stop_pb_defaults:\n.quad 0\n"
    ".text\n");
#endif
