import type { components, operations } from "./schema";

type Schemas = components["schemas"];

export type Job = Schemas["Job"];
export type Step = Schemas["Step"];
export type JobStatus = Job["status"];
export type Kind = Job["kind"];
export type Model = Schemas["Model"];
export type JobEvent = Schemas["Event"];
export type Artifact = Schemas["Artifact"];
export type Segment = Schemas["Segment"];
export type Word = Schemas["Word"];
export type Problem = Schemas["Problem"];
export type JobListQuery = NonNullable<operations["list_jobs_v1_jobs_get"]["parameters"]["query"]>;

/** In the order of a job's life. A new status does not compile until everything that shows one knows it. */
export const STATUSES = [
  "queued",
  "running",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
  "expired",
] as const satisfies readonly JobStatus[];

/** Whether nothing more will happen to a job. */
export function hasEnded(status: JobStatus): boolean {
  return status !== "queued" && status !== "running" && status !== "cancelling";
}
