import { spawn } from "node:child_process";

/** Opens an address in the browser of whoever sits there, if there is a desktop. */
export function openPage(address) {
  const opener = { darwin: "open", win32: "explorer" }[process.platform] ?? "xdg-open";
  if (process.platform !== "linux" || process.env.DISPLAY || process.env.WAYLAND_DISPLAY) {
    spawn(opener, [address], { stdio: "ignore" }).on("error", () => {});
  }
}
