import { QueryClient } from "@tanstack/react-query";
import { ApiProblem } from "./problem";

/** Whether asking again can help: the server was away or overloaded, not: the request was wrong. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiProblem && (error.status === 0 || error.status === 429 || error.status >= 500);
}

/** What the pages know of the server. Live events keep it fresh, so nothing is asked again just because time went by. */
export function makeQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 10_000,
        gcTime: 120_000,
        retry: (count, error) => isPassing(error) && count < 2,
        retryDelay: (count) => Math.min(500 * 2 ** count, 5_000),
        refetchOnWindowFocus: true,
      },
      mutations: { retry: false },
    },
  });
}
