import { CircleAlert, X } from "lucide-react";
import { bytes, percent } from "@/lib/numbers";
import { Player } from "@/nouns/audio/Player";
import { SubmitFailure } from "@/nouns/submit/SubmitFailure";
import { Button } from "@/ui/Button";
import { IconButton } from "@/ui/IconButton";
import { Progress } from "@/ui/Panel";
import type { Item, Sending } from "./sending";

/** What was chosen or recorded and not sent yet. */
export function StagedList({ items, onRemove }: { items: readonly Item[]; onRemove: (id: string) => void }) {
  if (items.length === 0) return null;
  return (
    <ul aria-label="To be sent" className="flex flex-col gap-2">
      {items.map((item) => (
        <li key={item.id} className="flex flex-col gap-2 rounded-lg border p-3">
          <Head item={item} onRemove={() => onRemove(item.id)} />
          {item.refused !== undefined && (
            <p role="alert" className="flex gap-2 text-sm text-bad">
              <CircleAlert aria-hidden className="mt-0.5 size-4 shrink-0" />
              {item.refused}
            </p>
          )}
          {item.recorded && item.source instanceof Blob && (
            <Player src={item.source} label={item.name} controls="compact" />
          )}
        </li>
      ))}
    </ul>
  );
}

function Head({ item, onRemove }: { item: Item; onRemove: () => void }) {
  return (
    <div className="flex items-center gap-2 text-sm">
      <span className="min-w-0 flex-1 truncate font-medium" title={item.name}>
        {item.name}
      </span>
      {item.source instanceof Blob && (
        <span className="text-xs whitespace-nowrap text-muted">{bytes(item.source.size)}</span>
      )}
      <IconButton small label={`Remove ${item.name}`} onClick={onRemove}>
        <X aria-hidden />
      </IconButton>
    </div>
  );
}

/** What is on its way to the server. */
export function SendingList({
  items,
  onStop,
  onAgain,
}: {
  items: readonly Sending[];
  onStop: (item: Sending) => void;
  onAgain: (item: Sending) => void;
}) {
  if (items.length === 0) return null;
  return (
    <ul aria-label="Being sent" className="flex flex-col gap-2">
      {items.map((item) => (
        <li key={item.id} className="flex flex-col gap-2 rounded-lg border bg-surface p-3">
          <div className="flex items-center gap-3 text-sm">
            <span className="min-w-0 flex-1 truncate font-medium">{item.name}</span>
            {item.error === null && (
              <span role="status" className="text-xs whitespace-nowrap text-muted tabular-nums">
                {item.share === 0 ? "Waits to be sent" : `Sent ${percent(item.share)}`}
              </span>
            )}
            <Button small look="quiet" onClick={() => onStop(item)}>
              {item.error === null ? "Stop" : "Do not send"}
            </Button>
          </div>
          {item.error === null ? (
            <Progress value={item.share === 0 ? null : item.share} label={`Sending ${item.name}`} />
          ) : (
            <SubmitFailure error={item.error} onRetry={() => onAgain(item)} />
          )}
        </li>
      ))}
    </ul>
  );
}
