export interface Source {
  name: string;
  text: string;
  imports: string[];
  packages: string[];
}
export declare const layers: Record<string, { below: string[]; base: string[]; wings: string[] }>;
export declare function readSources(lib?: string): Source[];
export declare function resolve(name: string, specifier: string): string;
export declare function layerOf(name: string): string;
export declare function rankOf(name: string): number;
export declare function upwardImports(source: Pick<Source, "name" | "imports">): string[];
export declare const nativeLayers: { folders: string[]; core: string[] };
export declare function readNative(folder?: string): Pick<Source, "name" | "text" | "imports">[];
export declare function nativeRankOf(name: string): [folder: number, file: number];
export declare function upwardIncludes(source: Pick<Source, "name" | "imports">): string[];
