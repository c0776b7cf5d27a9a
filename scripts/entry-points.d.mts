import type ts from "typescript";
export declare const entryPoints: { name: string; types: string }[];
export declare function compileTypes(files: string[], lib: string[]): ts.Program;
export declare function exportsOf(program: ts.Program, file: string): { name: string; symbol: ts.Symbol }[];
export declare function resolveAlias(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol;
