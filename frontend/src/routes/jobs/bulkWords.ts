import { plural } from "@/lib/numbers";
import type { ToastMessage } from "@/ui/toast";
import type { Action, Count, Order } from "./bulk";

interface Words {
  label: string;
  doing: string;
  done: string;
  /** What it does to a job, and to which jobs it cannot be done. */
  means: string;
  others: string;
}

export const WORDS: Record<Action, Words> = {
  cancel: {
    label: "Cancel",
    doing: "Cancelling",
    done: "cancelled",
    means: "What waits is cancelled at once; what runs is asked to stop.",
    others: "ended already and will be left alone",
  },
  retry: {
    label: "Retry",
    doing: "Retrying",
    done: "submitted again",
    means: "Each becomes a new job that begins at the first step that did not succeed.",
    others: "succeeded or did not end yet, and will be left alone",
  },
  delete: {
    label: "Delete",
    doing: "Deleting",
    done: "deleted",
    means: "Jobs are deleted with their audio and texts. This cannot be undone.",
    others: "did not end yet and will be left alone",
  },
};

/** “12 of the 40 jobs…”: what an order would mean. */
export function meaning(action: Action, count: Count): string {
  const { matching, applicable, exact } = count;
  const left = matching - applicable;
  const more = exact ? "" : "+";
  if (matching === 0) return "No job matches any more.";
  if (applicable === 0) return `All ${plural(matching, "job")}${more} ${WORDS[action].others}.`;
  const some = left === 0 ? "" : ` ${plural(left, "other")} ${WORDS[action].others}.`;
  return `${WORDS[action].means}${some}`;
}

/** How an order ended. */
export function ending(order: Order): ToastMessage {
  const { done, skipped, errors, action } = order;
  const first = errors[0];
  return {
    tone: done > 0 || skipped === 0 ? "good" : "bad",
    title: `${order.status === "cancelled" ? "Stopped: " : ""}${plural(done, "job")} ${WORDS[action].done}`,
    ...(skipped > 0 && {
      detail: `${plural(skipped, "job")} left as ${skipped === 1 ? "it was" : "they were"}${first === undefined ? "" : `: ${first.detail}`}`,
    }),
  };
}
