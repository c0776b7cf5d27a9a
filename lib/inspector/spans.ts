import { typeError } from "../arguments.js";
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
 * active one.
 *
 * @param tracer what `trace.getTracer` of `@opentelemetry/api` gives
 * @throws TypeError `ERR_INVALID_ARG_TYPE` for another thing
 */
export function openTelemetrySpans(tracer: SpanTracer): SpanFunction {
  if (typeof tracer?.startActiveSpan !== "function") throw typeError("tracer", "what trace.getTracer(name) gives");
  return (name, player, run) => {
    const attributes = { "player.id": player.id, "network.transport": player.transport };
    const kind = name.startsWith("request ") ? CLIENT : SERVER;
    return tracer.startActiveSpan(name, { kind, attributes }, (span) => {
      const fail = (error: unknown): never => {
        span.recordException(error as Error);
        span.setStatus({ code: ERROR, message: String((error as Error)?.message ?? error) });
        span.end();
        throw error;
      };
      let result: ReturnType<typeof run>;
      try {
        result = run();
      } catch (error) {
        return fail(error);
      }
      if (!(result instanceof Promise)) {
        span.end();
        return result;
      }
      const ended = result.then((value: unknown) => {
        span.end();
        return value;
      }, fail);
      return ended as typeof result;
    });
  };
}
