import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { timeOfDay } from "@/lib/time";
import { Failure, Loading, Skeleton } from "@/ui/States";

/** What was asked for, once it is there: a place for it before, what went wrong, and whether it is of old. */
export function Loaded<Data>({
  query,
  what,
  height = "h-40",
  children,
}: {
  query: UseQueryResult<Data>;
  /** What is loaded, in words. */
  what: string;
  height?: string;
  children: (data: Data) => ReactNode;
}) {
  const { data, error } = query;
  const again = (): void => void query.refetch();
  if (data === undefined) {
    if (error !== null)
      return (
        <div className="p-4">
          <Failure error={error} onRetry={again} />
        </div>
      );
    return (
      <Loading what={what}>
        <div className="p-4">
          <Skeleton className={height} />
        </div>
      </Loading>
    );
  }
  return (
    <>
      {error !== null && (
        <p role="status" className="border-b bg-bad-soft px-4 py-2 text-xs text-bad">
          As of {timeOfDay(query.dataUpdatedAt)}. {asProblem(error).message}
        </p>
      )}
      {children(data)}
    </>
  );
}
