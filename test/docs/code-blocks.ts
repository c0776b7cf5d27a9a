/** A fenced block of a Markdown file. */
export interface CodeBlock {
  /** `README.md:12` */
  place: string;
  language: string;
  code: string;
  /** What it prints, if a `text` block follows directly. */
  output?: string;
}

/** The fenced blocks of a Markdown text; a `text` block that follows another is that block's output. */
export function findCodeBlocks(file: string, markdown: string): CodeBlock[] {
  const blocks: CodeBlock[] = [];
  let last: { block: CodeBlock; end: number } | undefined;
  for (const match of markdown.matchAll(/^```(\w+)[^\n]*\n(.*?)^```$/gms)) {
    const [whole, language = "", code = ""] = match;
    const between = last ? markdown.slice(last.end, match.index) : "";
    if (language === "text" && last && between.trim() === "") {
      last.block.output = code;
    } else {
      const line = markdown.slice(0, match.index).split("\n").length;
      blocks.push({ place: `${file}:${line}`, language, code });
    }
    const block = blocks.at(-1);
    if (block) last = { block, end: match.index + whole.length };
  }
  return blocks;
}
