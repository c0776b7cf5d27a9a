/** What package.json maps `#default-socket-factory` to in browsers. */
export { BrowserSocketFactory as DefaultSocketFactory } from "../socket/browser.js";
