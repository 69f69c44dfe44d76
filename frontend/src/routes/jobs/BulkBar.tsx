import { Ban, RotateCcw, Trash2, X } from "lucide-react";
import { useState, type ReactNode } from "react";
import { number, plural } from "@/lib/numbers";
import type { JobFilter } from "@/nouns/job/list";
import { Button } from "@/ui/Button";
import { IconButton } from "@/ui/IconButton";
import { Progress } from "@/ui/Panel";
import { useToast } from "@/ui/toast";
import { targetOf, useCount, useOrder, type Action, type Order } from "./bulk";
import { BulkDialog } from "./BulkDialog";
import { isNothing, type useSelection } from "./selection";
import { ending, WORDS } from "./bulkWords";

interface Props {
  filter: JobFilter;
  picking: ReturnType<typeof useSelection>;
  /** Rows that are loaded, and whether they are all that match. */
  shown: number;
  complete: boolean;
}

/** What can be done with the jobs that are picked, and how far the last order is. */
export function BulkBar({ filter, picking, shown, complete }: Props) {
  const { selection, pickAll, clear } = picking;
  const [action, setAction] = useState<Action | null>(null);
  const toast = useToast();
  const { give, stop, order } = useOrder((finished) => toast(ending(finished)));
  const target = targetOf(selection, filter);
  const count = useCount("cancel", target, selection.all);
  if (isNothing(selection) && order === undefined) return null;
  const picked = selection.all ? count.data?.matching : selection.ids.size;
  const act = (which: Action, icon: ReactNode) => (
    <Button small icon={icon} onClick={() => setAction(which)} disabled={order !== undefined}>
      {WORDS[which].label}…
    </Button>
  );
  return (
    <div className="fixed inset-x-0 bottom-16 z-20 flex justify-center px-3 md:bottom-4 md:pl-52">
      <section
        aria-label="Selected jobs"
        className="flex max-w-full flex-wrap items-center gap-2 rounded-lg border bg-raised px-3 py-2 text-sm shadow-raised"
      >
        {order !== undefined && <Underway order={order} />}
        {order !== undefined && (
          <Button small busy={stop.isPending} onClick={() => stop.mutate()}>
            Stop
          </Button>
        )}
        {!isNothing(selection) && (
          <>
            <p className="tabular-nums" aria-live="polite">
              {selection.all
                ? `All ${picked === undefined ? "" : `${number(picked)}${count.data?.exact === false ? "+" : ""} `}jobs that match`
                : `${plural(picked ?? 0, "job")} selected`}
            </p>
            {!selection.all &&
              selection.ids.size >= Math.min(shown, 1000) &&
              !(complete && shown <= 1000) && (
                <Button small look="quiet" onClick={pickAll} className="text-accent">
                  Select all that match
                </Button>
              )}
            <span className="flex gap-1.5">
              {act("cancel", <Ban aria-hidden />)}
              {act("retry", <RotateCcw aria-hidden />)}
              {act("delete", <Trash2 aria-hidden />)}
            </span>
            <IconButton small label="Select none" onClick={clear}>
              <X aria-hidden />
            </IconButton>
          </>
        )}
      </section>
      {action !== null && (
        <BulkDialog
          action={action}
          target={target}
          busy={give.isPending}
          error={give.error}
          onClose={() => {
            setAction(null);
            give.reset();
          }}
          onConfirm={() =>
            give.mutate(
              { action, target },
              {
                onSuccess: () => {
                  setAction(null);
                  clear();
                },
              },
            )
          }
        />
      )}
    </div>
  );
}

function Underway({ order }: { order: Order }) {
  const looked = order.done + order.skipped;
  return (
    <div role="status" className="flex w-56 flex-col gap-1">
      <span className="text-xs">
        {WORDS[order.action].doing} {number(looked)} of {number(order.matching)}
        {order.exact ? "" : "+"}
        {order.waits !== null && " · waiting for room in the queue"}
      </span>
      <Progress
        label={WORDS[order.action].doing}
        value={order.exact && order.matching > 0 ? Math.min(1, looked / order.matching) : null}
      />
    </div>
  );
}
