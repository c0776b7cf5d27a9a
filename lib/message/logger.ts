/** Where warnings go. */
export interface Logger {
  /** Gets one warning: a sentence, and whatever belongs to it, such as the error. */
  warn(message: string, ...details: unknown[]): void;
}

export const consoleLogger: Logger = {
  warn: (message, ...details) => console.warn(message, ...details),
};
