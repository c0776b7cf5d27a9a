import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Browser, Page } from "playwright-core";
import { onTestFinished } from "vitest";
import type { InterestGrid } from "../../lib/object/index.js";
import { launchBrowser } from "./browser-page.js";
import { type Program, startProgram } from "./program.js";

/** What the library says about a player. */
export interface PlayerFigures {
  readonly id: number;
  readonly address: string;
  readonly transport: string;
  readonly bytesSent: number;
}

/** What it prints. */
interface Told {
  readonly rows: PlayerFigures[];
  readonly conditions: Record<string, number>;
  readonly grids: InterestGrid[];
}

/** test/programs/inspected-server.mjs with a browser that looks at it. */
export class InspectedServer {
  browser!: Browser;
  url = "";
  #program!: Program;
  #asked = 0;

  async start(...parameters: string[]): Promise<void> {
    this.browser = await launchBrowser();
    this.#program = startProgram("inspected-server", parameters);
    this.url = await this.#program.line("Inspector: ");
  }

  async stop(): Promise<void> {
    this.#program.child.stdin?.end();
    await Promise.all([this.browser.close(), this.#program.end()]);
  }

  /** What the library says now. */
  readonly ask = async (): Promise<Told> => {
    this.#program.child.stdin?.write("\n");
    return JSON.parse(await this.#program.line(`Players ${++this.#asked}: `));
  };

  /** The page, with the errors that it has met. */
  readonly open = async (options: Parameters<Browser["newPage"]>[0] = {}) => {
    const page = await this.browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
    onTestFinished(() => page.close());
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => errors.push(message.text()));
    page.on("dialog", (dialog) => errors.push(dialog.message()));
    await page.goto(this.url);
    await page.getByRole("tab", { name: "Connections" }).waitFor();
    return { page, errors };
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong with a page: the rule and the first element of each. */
export async function axeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => id + ' ' + nodes[0].html))",
  );
}
