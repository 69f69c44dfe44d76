import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Model } from "@/api/types";
import { number, plural } from "@/lib/numbers";
import { KindMark } from "@/nouns/job/status";
import { modelsQuery } from "@/nouns/model/queries";
import { megabytes } from "@/nouns/worker/state";
import { Badge } from "@/ui/Badge";
import { Button } from "@/ui/Button";
import { Input } from "@/ui/Field";
import { Panel } from "@/ui/Panel";
import { Empty } from "@/ui/States";
import { findModels } from "./find";
import { languageName } from "./languages";
import { Loaded } from "./Loaded";
import { ModelDetails } from "./ModelDetails";
import { modelsPace } from "./pulling";
import { Rows, type Column } from "./Rows";
import { Weights } from "./Weights";

/** Every model: what it can do, what it takes, whether it is ready. `?model=` opens one. */
export function Models() {
  const [text, setText] = useState("");
  const { model: shown } = useSearch({ from: "/system" });
  const navigate = useNavigate({ from: "/system" });
  const query = useQuery({
    ...modelsQuery,
    staleTime: 1_000,
    refetchInterval: ({ state }) => modelsPace(state.data?.data),
  });
  return (
    <>
      <Panel
        title="Models"
        flush
        actions={
          <Input
            type="search"
            aria-label="Search models"
            placeholder="Name, kind, language, voice…"
            data-main-field
            value={text}
            onChange={(event) => setText(event.target.value)}
            className="h-8! w-60!"
          />
        }
      >
        <Loaded query={query} what="the models" height="h-72">
          {({ data }) => <Found models={data} text={text} onAll={() => setText("")} />}
        </Loaded>
      </Panel>
      {shown !== undefined && query.data !== undefined && (
        <ModelDetails
          id={shown}
          model={query.data.data.find((each) => each.id === shown)}
          onClose={() => void navigate({ search: { tab: "models" }, resetScroll: false })}
        />
      )}
    </>
  );
}

function Found({ models, text, onAll }: { models: readonly Model[]; text: string; onAll: () => void }) {
  const found = findModels(models, text);
  if (models.length === 0)
    return <Empty title="This deployment has no model">Add one to config.yml and restart the service.</Empty>;
  if (found.length === 0)
    return (
      <Empty title={`No model has “${text}”`} action={<Button onClick={onAll}>Show all models</Button>}>
        {plural(models.length, "model")} searched: names, kinds, languages, voices, licences.
      </Empty>
    );
  return <Rows label="Models" rows={found} keyOf={(model) => model.id} columns={COLUMNS} />;
}

const COLUMNS: readonly Column<Model>[] = [
  {
    id: "id",
    head: "Model",
    cell: (model) => (
      <div className="max-w-72 min-w-40">
        <Link
          to="/system"
          search={{ tab: "models", model: model.id }}
          resetScroll={false}
          className="font-medium text-accent-strong hover:underline"
        >
          {model.id}
        </Link>
        <p className="text-xs text-muted">{model.title}</p>
      </div>
    ),
  },
  {
    id: "kinds",
    head: "Can do",
    cell: (model) => (
      <span className="flex flex-wrap gap-x-3 gap-y-1">
        {model.capabilities.map((kind) => (
          <KindMark key={kind} kind={kind} />
        ))}
      </span>
    ),
  },
  { id: "languages", head: "Languages", cell: (model) => <Languages codes={model.languages} /> },
  {
    id: "voices",
    head: "Voices",
    num: true,
    cell: (model) =>
      model.voices.length === 0 ? <span className="text-faint">–</span> : number(model.voices.length),
  },
  {
    id: "licence",
    head: "Licence",
    cell: (model) => <span className="whitespace-nowrap">{model.licence}</span>,
  },
  {
    id: "memory",
    head: "Memory",
    help: "What a worker needs to hold it, measured.",
    num: true,
    cell: (model) => megabytes(model.memory_mb),
  },
  {
    id: "weights",
    head: "Weights",
    help: "The files that the model needs. They are fetched before its first job, or now if you want.",
    cell: (model) => <Weights model={model} />,
  },
  {
    id: "loaded",
    head: "In memory of",
    help: "Workers that have it loaded: their next job with it begins at once.",
    cell: (model) =>
      model.loaded_on.length === 0 ? (
        <span className="text-faint">Nobody</span>
      ) : (
        <span className="flex flex-wrap gap-1">
          {model.loaded_on.map((worker) => (
            <Link key={worker} to="/system" search={{ tab: "workers" }} className="hover:underline">
              <Badge>{worker}</Badge>
            </Link>
          ))}
        </span>
      ),
  },
];

function Languages({ codes }: { codes: readonly string[] }) {
  if (codes.length === 0) return <span className="text-faint">Any</span>;
  if (codes.length > 2)
    return <span title={codes.map(languageName).join(", ")}>{codes.length} languages</span>;
  return codes.map(languageName).join(", ");
}
