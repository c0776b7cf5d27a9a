import { typeError } from "../arguments.js";
import { isThenable } from "../brands.js";
import { errorText } from "../error-text.js";
import type { SpanFunction } from "../message/players/player.js";

/** What is used of a span of `@opentelemetry/api`. */
export interface OpenSpan {
  /** Notes what the handler has thrown. */
  recordException(error: Error): void;
  /** Says that it failed, and why. */
  setStatus(status: { code: number; message?: string }): unknown;
  /** The handler has ended. */
  end(): void;
}

/** What is used of a `Tracer` of `@opentelemetry/api`. */
export interface SpanTracer {
  /** Calls `run` with a span that is active meanwhile. @returns what `run` returns */
  startActiveSpan<Result>(
    name: string,
    options: { kind: number; attributes: Record<string, string | number> },
    run: (span: OpenSpan) => Result,
  ): Result;
}

/** `SpanStatusCode.ERROR`. */
const ERROR = 2;
/** `SpanKind.SERVER` and `CLIENT`: who answers, and who asks. */
const [SERVER, CLIENT] = [1, 2];

/**
 * Makes spans of OpenTelemetry for requests and RPCs: give it to the option `spans` of a server or client. A span ends
 * when the handler has ended, the async one too; what it throws stands in the span. Inside a handler its span is the
 * active one. Whatever the tracer throws, each handler runs once, and a warning of the process tells of the first time.
 *
 * @param tracer what `trace.getTracer` of `@opentelemetry/api` gives
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for another thing
 */
export function openTelemetrySpans(tracer: SpanTracer): SpanFunction {
  if (typeof tracer?.startActiveSpan !== "function") throw typeError("tracer", "what trace.getTracer(name) gives");
  let hasFailed = false;
  const quietly = (use: () => void): void => {
    try {
      use();
    } catch (error) {
      if (!hasFailed) process.emitWarning(`The tracer fails, and spans are missing: ${errorText(error)}`);
      hasFailed = true;
    }
  };
  return (name, player, run) => {
    const attributes = { "player.id": player.id, "network.transport": player.transport };
    const kind = name.startsWith("request ") ? CLIENT : SERVER;
    let outcome: Outcome<ReturnType<typeof run>> | null = null;
    quietly(() =>
      tracer.startActiveSpan(name, { kind, attributes }, (span) => {
        outcome ??= outcomeOf(run, (failure) => quietly(() => end(span, failure)));
      }),
    );
    return (outcome ?? outcomeOf(run, () => {}))();
  };
}

/** Gives what a call gave, or throws what it threw. */
type Outcome<Result> = () => Result;

/** @param ended is told when it has ended, with what it threw */
function outcomeOf<Result>(run: () => Result, ended: (failure: { error: unknown } | null) => void): Outcome<Result> {
  const failed = (error: unknown) => {
    ended({ error });
    return () => {
      throw error;
    };
  };
  let result: Result;
  try {
    result = run();
  } catch (error) {
    return failed(error);
  }
  if (!isThenable(result)) {
    ended(null);
    return () => result;
  }
  const settled = Promise.resolve(result).then(
    (value) => {
      ended(null);
      return value;
    },
    (error) => failed(error)(),
  );
  return () => settled as Result;
}

function end(span: OpenSpan, failure: { error: unknown } | null): void {
  if (failure) {
    span.recordException(failure.error as Error);
    span.setStatus({ code: ERROR, message: errorText(failure.error) });
  }
  span.end();
}
