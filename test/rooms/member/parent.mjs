// The parent of several hosts of a fleet: FLEET='…' node parent.mjs 2
import { Supervisor } from "valve-sockets/rooms";

const program = new URL("../../../examples/fleet/host.mjs", import.meta.url);
new Supervisor({ program, count: Number(process.argv[2]) }).start();
