// A Supervisor of three processes, in a process that is killed.
import { Supervisor } from "../../../dist/rooms/index.js";

const program = new URL("orphan.mjs", import.meta.url);
new Supervisor({ program, count: 3 }).start();
