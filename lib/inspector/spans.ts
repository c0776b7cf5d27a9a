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
    options: { attributes: Record<string, string | number> },
    run: (span: OpenSpan) => Result,
  ): Result;
}

/** `SpanStatusCode.ERROR`. */
const ERROR = 2;

/**
 * Makes spans of OpenTelemetry for requests and RPCs: give it to the option `spans` of a server or client. A span ends
 * when the handler has ended, the async one too; what it throws stands in the span. Inside a handler its span is the
 * active one.
 *
 * @param tracer what `trace.getTracer` of `@opentelemetry/api` gives
 */
export function openTelemetrySpans(tracer: SpanTracer): SpanFunction {
  return (name, player, run) => {
    const attributes = { "player.id": player.id, "network.transport": player.transport };
    return tracer.startActiveSpan(name, { attributes }, (span) => {
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
