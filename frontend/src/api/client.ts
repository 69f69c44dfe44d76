import createClient from "openapi-fetch";
import { problemOf, unreachable } from "./problem";
import type { paths } from "./schema";

/** `fetch`, whose failures are ApiProblems: nobody there, or an answer that is no success. */
export async function send(request: Request | string, options?: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(request, options);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw unreachable();
  }
  if (!response.ok && response.status !== 304) throw await problemOf(response);
  return response;
}

/**
 * Every documented route, typed: `api.GET("/v1/jobs/{job_id}", {params: {path: {job_id}}})`. It throws ApiProblem
 * for all but success, so `data` of what it gives back is there: see `dataOf`.
 */
export const api = createClient<paths>({ fetch: (request) => send(request) });

/** The body of an answered request. */
export async function dataOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  const { data } = await answer;
  if (data === undefined) throw new Error("The server answered without a body.");
  return data;
}
