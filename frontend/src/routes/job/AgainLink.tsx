import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import type { Job } from "@/api/types";

/** To the form that begins with this job's request. */
export function AgainLink({
  job,
  className,
  children,
}: {
  job: Job;
  className: string;
  children: ReactNode;
}) {
  return job.kind === "speech" ? (
    <Link to="/speak" search={{ from: job.id }} className={className}>
      {children}
    </Link>
  ) : (
    <Link to="/transcribe" search={{ from: job.id, kind: job.kind }} className={className}>
      {children}
    </Link>
  );
}
