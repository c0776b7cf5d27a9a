export const pictures: string;
export function draw(text: string): string;
