// protobuf walks a linker section of its own. lld exports the section's two ends past any version script, unless an
// object of the link asks for them to be hidden.
asm(".weak __start_pb_defaults\n.hidden __start_pb_defaults\n"
    ".weak __stop_pb_defaults\n.hidden __stop_pb_defaults\n");
