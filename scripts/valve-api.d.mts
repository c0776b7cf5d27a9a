export const rows: { item: string; ours: string; file: string; test: string; note?: string }[];
export function valveApiPage(): string;
