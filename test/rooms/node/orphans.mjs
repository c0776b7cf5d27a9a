// A Supervisor of two processes, in a process that is killed.
import { Supervisor } from "../../../dist/rooms/index.js";

const program = new URL("orphan.mjs", import.meta.url);
new Supervisor({ program, count: 2 }).start();
