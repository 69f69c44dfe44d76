import { useQuery } from "@tanstack/react-query";
import { CornerUpLeft, X } from "lucide-react";
import { useState } from "react";
import type { Model } from "@/api/types";
import { jobQuery } from "@/nouns/job/queries";
import { statusLabel } from "@/nouns/job/status";
import { voiceName } from "@/nouns/voice/voices";
import { Button } from "@/ui/Button";
import { cx } from "@/ui/cx";
import { IconButton } from "@/ui/IconButton";
import { Panel } from "@/ui/Panel";
import { Time } from "@/ui/Time";
import { clearHistory, removeTake, type Take } from "./history";

interface Props {
  takes: readonly Take[];
  models: readonly Model[];
  /** The job that is shown. */
  shown: string | undefined;
  onShow: (job: string) => void;
  onReuse: (take: Take) => void;
}

const AT_FIRST = 8;

/** What was spoken from this browser: a press shows it, another puts it back into the form. */
export function HistoryList({ takes, models, shown, onShow, onReuse }: Props) {
  const [all, setAll] = useState(false);
  const [sure, setSure] = useState(false);
  const visible = all ? takes : takes.slice(0, AT_FIRST);
  return (
    <Panel
      title={`History of this browser (${takes.length})`}
      flush
      actions={
        sure ? (
          <>
            <Button small look="danger" onClick={clearHistory} autoFocus>
              Remove all {takes.length}
            </Button>
            <Button small look="quiet" onClick={() => setSure(false)}>
              Keep
            </Button>
          </>
        ) : (
          <Button small look="quiet" onClick={() => setSure(true)}>
            Remove all
          </Button>
        )
      }
    >
      <ul className="divide-y" aria-label="History">
        {visible.map((take) => (
          <Row
            key={take.job}
            take={take}
            model={models.find((each) => each.id === take.side.model)}
            shown={take.job === shown}
            onShow={() => onShow(take.job)}
            onReuse={() => onReuse(take)}
          />
        ))}
      </ul>
      {takes.length > AT_FIRST && (
        <div className="border-t p-1 text-center">
          <Button small look="quiet" onClick={() => setAll(!all)}>
            {all ? "Show fewer" : `Show all ${takes.length}`}
          </Button>
        </div>
      )}
      <p className="border-t px-4 py-2 text-xs text-muted">
        Kept in this browser only. Removing an entry leaves its job as it is.
      </p>
    </Panel>
  );
}

function Row({
  take,
  model,
  shown,
  onShow,
  onReuse,
}: {
  take: Take;
  model: Model | undefined;
  shown: boolean;
  onShow: () => void;
  onReuse: () => void;
}) {
  // Only what is known already: fifty takes are not asked for fifty jobs.
  const { data: job } = useQuery({ ...jobQuery(take.job), enabled: false });
  const going = job !== undefined && job.status !== "succeeded" ? statusLabel(job.status) : undefined;
  return (
    <li className={cx("flex items-center gap-1 pr-2", shown && "bg-accent-soft")}>
      <button
        type="button"
        onClick={onShow}
        aria-current={shown}
        className="min-w-0 flex-1 px-4 py-2 text-left hover:bg-sunken"
      >
        <span className="block truncate text-sm">{take.text}</span>
        <span className="flex gap-1.5 text-xs text-muted">
          <span className="truncate">
            {voiceName(model, take.side.voice)} · {take.side.model}
          </span>
          <span aria-hidden>·</span>
          <Time at={take.at} className="whitespace-nowrap" />
          {going !== undefined && <span className="whitespace-nowrap">· {going}</span>}
        </span>
      </button>
      <IconButton small label="Use again: put it back into the form" onClick={onReuse}>
        <CornerUpLeft aria-hidden />
      </IconButton>
      <IconButton small label="Remove from the history" onClick={() => removeTake(take.job)}>
        <X aria-hidden />
      </IconButton>
    </li>
  );
}
