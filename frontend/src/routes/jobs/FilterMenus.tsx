import { useQuery } from "@tanstack/react-query";
import { ChevronDown, Tag, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { ALL_KINDS, kindLabel } from "@/nouns/job/status";
import { modelsQuery } from "@/nouns/model/queries";
import { queuesQuery } from "@/nouns/queue/queries";
import { Button } from "@/ui/Button";
import { Menu, MenuCheck, MenuItem, MenuLabel } from "@/ui/Menu";
import { AskText } from "./AskText";
import { toggled, type Many, type Search } from "./search";

interface Props {
  search: Search;
  onChange: (search: Search) => void;
}

interface Choice {
  value: string;
  label: string;
}

/** Filters whose values are known: several can be on, and any of them matches. */
export function FilterMenus({ search, onChange }: Props) {
  const [asking, setAsking] = useState<"label" | "code" | null>(null);
  const models = useQuery(modelsQuery);
  // Their names only: they do not change while the server runs.
  const queues = useQuery({ ...queuesQuery, refetchInterval: false, staleTime: 60_000 });
  const kinds = ALL_KINDS.map((kind) => ({ value: kind, label: kindLabel(kind) }));
  const of = (name: Many, choices: readonly Choice[]) => ({ search, onChange, name, choices });
  return (
    <>
      <Choices label="Kind" {...of("kind", kinds)} />
      <Choices
        label="Model"
        {...of(
          "model",
          (models.data?.data ?? []).map(({ id }) => asChoice(id)),
        )}
      />
      <Choices
        label="Queue"
        {...of(
          "queue",
          (queues.data ?? []).filter((queue) => queue.purpose === "models").map(({ name }) => asChoice(name)),
        )}
      />
      <Menu
        trigger={
          <Button>
            More <ChevronDown aria-hidden />
          </Button>
        }
      >
        <MenuItem icon={<Tag aria-hidden />} onSelect={() => setAsking("label")}>
          By a label…
        </MenuItem>
        <MenuItem icon={<TriangleAlert aria-hidden />} onSelect={() => setAsking("code")}>
          By the code of an error…
        </MenuItem>
      </Menu>
      {asking === "label" && (
        <AskText
          title="Jobs with a label"
          fields={[
            { name: "Key", hint: "as in “project”" },
            { name: "Value", hint: "all of it, as it was submitted" },
          ]}
          onClose={() => setAsking(null)}
          onDone={([key = "", value = ""]) => onChange(withValue(search, "label", `${key}:${value}`))}
        />
      )}
      {asking === "code" && (
        <AskText
          title="Jobs that ended with an error"
          fields={[{ name: "Code", hint: "as in “worker_lost” or “audio_undecodable”" }]}
          onClose={() => setAsking(null)}
          onDone={([code = ""]) => onChange(withValue(search, "code", code))}
        />
      )}
    </>
  );
}

function Choices({
  label,
  name,
  choices,
  search,
  onChange,
}: Props & { label: string; name: Many; choices: readonly Choice[] }) {
  const chosen = search[name] ?? [];
  // What the address names stays to be taken off, also if there is no such thing any more.
  const gone = chosen.filter((value) => !choices.some((choice) => choice.value === value)).map(asChoice);
  return (
    <Menu
      trigger={
        <Button>
          {label}
          {chosen.length > 0 && (
            <span className="rounded-full bg-accent-soft px-1.5 text-xs text-accent-strong tabular-nums">
              {chosen.length}
            </span>
          )}
          <ChevronDown aria-hidden />
        </Button>
      }
    >
      <MenuLabel>Any of these</MenuLabel>
      {[...choices, ...gone].map((choice) => (
        <MenuCheck
          key={choice.value}
          checked={chosen.includes(choice.value)}
          onChange={() => onChange(toggled(search, name, choice.value))}
        >
          {choice.label}
        </MenuCheck>
      ))}
      {choices.length === 0 && gone.length === 0 && <MenuLabel>The server named none.</MenuLabel>}
    </Menu>
  );
}

function asChoice(value: string): Choice {
  return { value, label: value };
}

function withValue(search: Search, name: Many, value: string): Search {
  const before = search[name] ?? [];
  return before.includes(value) ? search : { ...search, [name]: [...before, value] };
}
