import { number } from "@/lib/numbers";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Failure, Skeleton } from "@/ui/States";
import { useCount, type Action, type Target } from "./bulk";
import { meaning, WORDS } from "./bulkWords";

/** Asks before many jobs are changed: how many they are is counted first. */
export function BulkDialog({
  action,
  target,
  busy,
  error,
  onClose,
  onConfirm,
}: {
  action: Action;
  target: Target;
  busy: boolean;
  error: Error | null;
  onClose: () => void;
  onConfirm: () => void;
}) {
  const count = useCount(action, target);
  const { label } = WORDS[action];
  const applicable = count.data?.applicable ?? 0;
  const amount = `${number(applicable)}${count.data?.exact === false ? "+" : ""} ${applicable === 1 ? "job" : "jobs"}`;
  return (
    <Dialog
      open
      onOpenChange={onClose}
      title={count.data === undefined ? `${label} jobs?` : `${label} ${amount}?`}
      actions={
        <>
          <Button onClick={onClose}>Leave them</Button>
          <Button
            look={action === "delete" ? "danger" : "primary"}
            busy={busy}
            disabled={count.data === undefined || applicable === 0}
            onClick={onConfirm}
          >
            {label} {count.data === undefined ? "jobs" : amount}
          </Button>
        </>
      }
    >
      <div className="flex flex-col gap-3 text-sm">
        {count.data !== undefined ? (
          <p>{meaning(action, count.data)}</p>
        ) : count.error !== null ? (
          <Failure error={count.error} onRetry={() => void count.refetch()} />
        ) : (
          <Skeleton className="h-5" />
        )}
        {error !== null && <Failure error={error} />}
      </div>
    </Dialog>
  );
}
