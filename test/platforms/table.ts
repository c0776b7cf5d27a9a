import type { Reporter, TestModule } from "vitest/node";

/** The results of a group of tests. */
interface Row {
  what: string;
  result: string;
}

/**
 * Prints a table at the end: what ran, what failed, and what could only be checked. A group with "checked, not run" in
 * its name never counts as run.
 */
export class PlatformTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows: Row[] = [];
    for (const module of modules) {
      for (const group of module.children) {
        const tests = group.type === "test" ? [group] : [...group.children.allTests()];
        const failed = tests.filter((one) => one.result().state === "failed").length;
        const missing = tests.filter((one) => one.result().state === "skipped").length;
        const good = group.name.includes("checked, not run") ? "checked, not run" : "ran";
        const result = failed > 0 ? `${failed} FAILED` : missing > 0 ? `${missing} not tried` : good;
        rows.push({ what: group.name.replace(", checked, not run", ""), result });
      }
    }
    console.table(rows);
  }
}
