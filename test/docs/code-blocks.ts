/** A fenced block of a Markdown file. */
export interface CodeBlock {
  /** `README.md:12` */
  place: string;
  language: string;
  /** The name behind the language, of a block that is one file of several: ```js server.mjs */
  file?: string;
  code: string;
  /** What it prints, if a `text` block follows directly. */
  output?: string;
}

/** The fenced blocks of a Markdown text; a `text` block that follows another is that block's output. */
export function findCodeBlocks(document: string, markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let last: { block: CodeBlock; end: number } | undefined;
  for (const match of markdown.matchAll(/^```(\w+) *([^\n]*)\n(.*?)^```$/gms)) {
    const [whole, language = "", file = "", code = ""] = match;
    const between = last ? markdown.slice(last.end, match.index) : "";
    if (language === "text" && last && between.trim() === "") {
      last.block.output = code;
    } else {
      const line = markdown.slice(0, match.index).split("\n").length;
      blocks.push({ place: `${document}:${line}`, language, code, ...(file && { file }) });
    }
    const block = blocks.at(-1);
    if (block) last = { block, end: match.index + whole.length };
  }
  return blocks;
}
