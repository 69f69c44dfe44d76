import { Link } from "@tanstack/react-router";
import type { Kind } from "@/api/types";
import type { Health } from "@/nouns/health/queries";
import { ALL_KINDS, KindMark } from "@/nouns/job/status";
import { Badge } from "@/ui/Badge";

/** Each kind of job, whether somebody can do it now, and with which models. */
export function Capabilities({ health }: { health: Health }) {
  const known = ALL_KINDS.filter((kind) => kind in health.capabilities);
  return (
    <ul aria-label="What can be asked for" className="divide-y">
      {known.map((kind) => (
        <Line key={kind} kind={kind} health={health} />
      ))}
    </ul>
  );
}

function Line({ kind, health }: { kind: Kind; health: Health }) {
  const found = health.capabilities[kind];
  if (found === undefined) return null;
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 px-4 py-2 text-sm">
      <span className="flex items-center gap-2">
        <KindMark kind={kind} />
        {!found.available && <Badge tone="bad">No worker</Badge>}
      </span>
      <span className="flex flex-wrap gap-1">
        {Object.entries(found.models).map(([model, live]) => (
          <Link
            key={model}
            to="/system"
            search={{ tab: "models", model }}
            title={live ? undefined : "No worker serves it now"}
            className="hover:underline"
          >
            <Badge tone={live ? "neutral" : "bad"}>
              {model}
              {!live && found.available && ": no worker"}
            </Badge>
          </Link>
        ))}
      </span>
    </li>
  );
}
