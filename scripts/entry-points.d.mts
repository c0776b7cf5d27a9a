import type ts from "typescript";
export declare const entryPoints: { name: string; types: string }[];
export declare function compileTypes(files: string[], lib: string[]): ts.Program;
export interface Exported {
  name: string;
  symbol: ts.Symbol;
  isTypeOnly: boolean;
}
export declare function exportsOf(program: ts.Program, file: string): Exported[];
export declare function resolveAlias(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol;
