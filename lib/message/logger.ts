/** Where warnings go. */
export interface Logger {
  warn(message: string, ...details: unknown[]): void;
}

export const consoleLogger: Logger = {
  warn: (message, ...details) => console.warn(message, ...details),
};
