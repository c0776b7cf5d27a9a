// For `node --import`: lets a program be written in TypeScript, with `.js` in its imports as in `lib`.
import { register } from "node:module";

register("./typescript-hooks.mjs", import.meta.url);
