import type { Job } from "@/api/types";
import { Code } from "@/ui/Copy";

/** The document as GET /v1/jobs/{id} gives it. */
export function RawTab({ job }: { job: Job }) {
  return (
    <div className="flex flex-col gap-2">
      <p className="text-sm text-muted">
        The answer of{" "}
        <a href={`/v1/jobs/${job.id}`} className="font-mono text-xs text-accent-strong underline">
          GET /v1/jobs/{job.id}
        </a>
        . Links in it are signed and open for a while to whoever has them.
      </p>
      <Code text={JSON.stringify(job, null, 2)} label="The job as JSON" />
    </div>
  );
}
