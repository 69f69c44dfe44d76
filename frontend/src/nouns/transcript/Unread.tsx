import { Failure, Loading, Skeleton } from "@/ui/States";
import type { Whole } from "./queries";

/** In the place of what was found in a recording, while it is being read or could not be. */
export function Unread({ whole }: { whole: Whole }) {
  if (whole.error !== null) return <Failure error={whole.error} onRetry={whole.retry} />;
  return (
    <Loading what="what was found in the recording">
      <div className="flex flex-col gap-3">
        {["w-11/12", "w-full", "w-10/12", "w-full", "w-7/12"].map((width, at) => (
          <Skeleton key={at} className={`h-5 ${width}`} />
        ))}
      </div>
    </Loading>
  );
}
