import { type ParseArgsConfig, parseArgs } from "node:util";
import { NetworkError } from "../network-error.js";
import { suggestion } from "../options.js";
import { quoted } from "../printable.js";

export type CommandOptions = NonNullable<ParseArgsConfig["options"]>;
type Parsed<Options extends CommandOptions> = ReturnType<
  typeof parseArgs<{ options: Options; allowPositionals: true }>
>;

/** What the options of a command were given. */
export type OptionValues<Options extends CommandOptions> = Parsed<Options>["values"];

/** A command of `valve-sockets`. */
export interface Command {
  /** What it does, in a few words. */
  readonly summary: string;
  readonly usage: string;
  readonly options: CommandOptions;
  /** @returns the exit code: 0 done, 1 failed */
  run(args: string[]): number | Promise<number>;
}

/** Wrong arguments. */
export class UsageError extends Error {}

/** A command whose `run` gets the options and the other arguments, with the types that the options say. */
export function defineCommand<const Options extends CommandOptions>(command: {
  readonly summary: string;
  readonly usage: string;
  readonly options: Options;
  run(values: OptionValues<Options>, positionals: string[]): number | Promise<number>;
}): Command {
  const { run, ...rest } = command;
  return {
    ...rest,
    run: (args) => {
      const { values, positionals } = parseArgs({ args, options: command.options, allowPositionals: true });
      return run(values, positionals);
    },
  };
}

/**
 * Runs a command: `--help` prints its usage, wrong arguments end it with 2, an error of the network with 1.
 *
 * @returns the exit code
 */
export async function runCommand(name: string, command: Command, args: string[]): Promise<number> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(command.usage);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (isAboutArguments(error)) {
      const text = unknownOption(error, Object.keys(command.options)) ?? error.message;
      process.stderr.write(`${text}\nvalve-sockets ${name} --help tells how it is written.\n`);
      return 2;
    }
    if (!(error instanceof NetworkError)) throw error;
    process.stderr.write(`${error.code}: ${error.message}\n`);
    return 1;
  }
}

/** What to say in place of `parseArgs`, which tells how to write a file's name that begins with `-`. */
function unknownOption({ message }: Error, names: string[]): string | null {
  const [, option] = /^Unknown option '(-[^' ]*)/.exec(message) ?? [];
  if (option === undefined) return null;
  return `There is no option ${option}; ${suggestion(
    option,
    [...names, "help"].map((name) => `--${name}`),
  )}`;
}

/** What to say of a file that cannot be written. None is ever written over. */
export function notWritten(error: NodeJS.ErrnoException): string {
  if (error.code !== "EEXIST") return error.message;
  return `${error.path} is there already, and is not written over: name another with --out, or delete it`;
}

/** Errors of `parseArgs`, and those of options. */
function isAboutArguments(error: unknown): error is Error {
  const { code = "" } = error as { code?: string };
  return error instanceof UsageError || /^ERR_(PARSE_ARGS_|INVALID_ARG_TYPE|OUT_OF_RANGE)/.test(code);
}

/** @throws UsageError if `text` is no whole number from `least` to `most`; undefined stays what it is */
export function wholeNumber(name: string, text: string, least?: number, most?: number): number;
export function wholeNumber(name: string, text: string | undefined, least?: number, most?: number): number | undefined;
export function wholeNumber(
  name: string,
  text: string | undefined,
  least = 0,
  most = 9_999_999_999,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const range = most === 9_999_999_999 ? "" : ` from ${least} to ${most}`;
  throw new UsageError(`${name} is a whole number${range}, not ${quoted(text)}`);
}
