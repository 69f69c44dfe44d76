/** What the API says when it refuses, and what we say when it cannot be reached. */

export interface FieldError {
  field: string;
  message: string;
}

interface Body {
  title?: string;
  detail?: string;
  code?: string;
  errors?: FieldError[];
  request_id?: string;
}

/** An answer that is no success (RFC 9457), or none at all: then `status` is 0 and `code` is `unreachable`. */
export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly fields: readonly FieldError[];
  readonly requestId: string | undefined;
  /** Seconds after which the same may be asked again. */
  readonly retryAfter: number | undefined;

  constructor(status: number, body: Body, retryAfter?: number) {
    super(body.detail ?? body.title ?? `The server answered ${status}.`);
    this.name = "ApiProblem";
    this.status = status;
    this.code = body.code ?? `http_${status}`;
    this.title = body.title ?? "Something went wrong";
    this.fields = body.errors ?? [];
    this.requestId = body.request_id;
    this.retryAfter = retryAfter;
  }
}

/** The problem that an answer holds; answers that are no problem object (a proxy's page) get a plain one. */
export async function problemOf(response: Response): Promise<ApiProblem> {
  const retry = Number(response.headers.get("retry-after") ?? NaN);
  let body: Body = {};
  if ((response.headers.get("content-type") ?? "").includes("json")) body = (await response.json()) as Body;
  return new ApiProblem(response.status, body, Number.isFinite(retry) ? retry : undefined);
}

/** The server is not there: stopped, restarting, or the network is. */
export function unreachable(): ApiProblem {
  return new ApiProblem(0, {
    title: "Harmony cannot be reached",
    detail:
      "The server does not answer. Nothing that was accepted is lost; this page goes on when it is back.",
    code: "unreachable",
  });
}

/** Any error as one that can be shown. */
export function asProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  return new ApiProblem(0, {
    title: "This page failed",
    detail: error instanceof Error ? error.message : String(error),
    code: "page_error",
  });
}
