import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import { useState } from "react";
import { send } from "@/api/client";
import { Panel } from "@/ui/Panel";
import { Empty } from "@/ui/States";
import { Loaded } from "./Loaded";
import { operationsOf, type Description } from "./tester/openapi";
import { RequestForm } from "./tester/RequestForm";
import { RouteList } from "./tester/RouteList";

const FIRST = "GET /v1/models";

/** Everything the API can be asked, to try here. */
export default function Tester() {
  const query = useQuery({
    queryKey: ["openapi"],
    queryFn: async ({ signal }) => (await (await send("/openapi.json", { signal })).json()) as Description,
    staleTime: 600_000,
  });
  return (
    <Panel
      title="Try the API"
      flush
      actions={
        <>
          <Reference href="/docs" name="Interactive documentation" />
          <Reference href="/redoc" name="Reference" />
        </>
      }
    >
      <Loaded query={query} what="the API’s description" height="h-96">
        {(description) => <Routes description={description} />}
      </Loaded>
    </Panel>
  );
}

function Routes({ description }: { description: Description }) {
  const { route } = useSearch({ from: "/system" });
  const navigate = useNavigate({ from: "/system" });
  const [operations] = useState(() => operationsOf(description));
  const shown = operations.find((each) => each.id === (route ?? FIRST));
  return (
    <div className="grid lg:grid-cols-[20rem_minmax(0,1fr)]">
      <RouteList
        operations={operations}
        shown={shown?.id}
        onChoose={(id) => void navigate({ search: { tab: "api", route: id }, resetScroll: false })}
      />
      <div className="min-w-0 border-t p-4 lg:border-t-0 lg:border-l">
        {shown === undefined ? (
          <Empty title={`There is no route “${route ?? ""}”`}>Choose one from the list.</Empty>
        ) : (
          <RequestForm key={shown.id} operation={shown} description={description} />
        )}
      </div>
    </div>
  );
}

function Reference({ href, name }: { href: string; name: string }) {
  return (
    <a
      href={href}
      className="inline-flex items-center gap-1 rounded-md px-2 py-1 text-xs font-medium text-muted hover:bg-sunken hover:text-ink"
    >
      {name}
      <ExternalLink className="size-3" aria-hidden />
    </a>
  );
}
