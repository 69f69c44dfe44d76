import { Download } from "lucide-react";
import type { Model } from "@/api/types";
import { bytes, percent } from "@/lib/numbers";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Progress } from "@/ui/Panel";
import { useFailureToast } from "@/ui/toast";
import { isPulling, usePull, weightsWords } from "./pulling";

/** Whether a model's weights are there; how far they are while they come; how to get them if not. */
export function Weights({ model }: { model: Model }) {
  const ask = usePull();
  const failed = useFailureToast();
  const { needed, present, pull } = model.weights;
  const { tone, words } = weightsWords(model);
  return (
    <div className="flex min-w-40 flex-col items-start gap-1.5">
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Badge tone={tone}>{words}</Badge>
        {needed && <span className="text-xs text-muted tabular-nums">{bytes(model.weights.bytes)}</span>}
      </span>
      {pull?.status === "running" && (
        <>
          <Progress value={pull.progress} label={`Fetching ${model.id}`} />
          <span className="text-xs text-muted tabular-nums">
            {percent(pull.progress)}: {bytes(pull.bytes)} of {bytes(pull.total_bytes)}
          </span>
        </>
      )}
      {pull?.status === "queued" && (
        <span className="text-xs text-muted">As soon as a worker has a moment</span>
      )}
      {pull?.status === "failed" && pull.error !== null && !present && (
        <p className="max-w-64 text-xs wrap-break-word text-bad">{pull.error.detail}</p>
      )}
      {needed && !present && !isPulling(model) && (
        <Button
          small
          icon={<Download aria-hidden />}
          busy={ask.isPending}
          onClick={() =>
            ask.mutate(model.id, { onError: failed(`The weights of ${model.id} cannot be fetched`) })
          }
        >
          {pull?.status === "failed" ? "Try again" : "Fetch now"}
          <span className="sr-only">: the weights of {model.id}</span>
        </Button>
      )}
    </div>
  );
}
