// protobuf has a linker section of its own, which it walks from __start_pb_defaults to __stop_pb_defaults.
#if defined(__ELF__)
// lld exports these two names in spite of the version script, unless an object file asks for them to be hidden.
asm(".weak __start_pb_defaults\n.hidden __start_pb_defaults\n"
    ".weak __stop_pb_defaults\n.hidden __stop_pb_defaults\n");
#elif defined(_WIN32)
// The linker for Windows does not define such names. This section has one entry, { message, target, size }, whose
// target is the entry itself, like the placeholder that protobuf puts into the real section: clang assumes that the two
// names differ.
asm(".data\n.balign 8\n"
    ".globl __start_pb_defaults\n__start_pb_defaults:\n.quad 0, __start_pb_defaults, 24\n"
    ".globl __stop_pb_defaults\n__stop_pb_defaults:\n.quad 0\n"
    ".text\n");
#endif
