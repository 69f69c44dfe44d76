import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import type { Model } from "@/api/types";
import { modelsFor, modelsQuery } from "@/nouns/model/queries";
import { buttonClass } from "@/ui/Button";
import { PageHead } from "@/ui/Panel";
import { Empty, Failure, Loading, Skeleton } from "@/ui/States";
import { SpeakForm } from "./SpeakForm";

const route = getRouteApi("/speak");

export default function Page() {
  const models = useQuery(modelsQuery);
  return (
    <>
      <PageHead title="Speak">Text to speech. Each take is a job that you can come back to.</PageHead>
      {models.data !== undefined && <Ready models={modelsFor(models.data.data, "speech")} />}
      {models.isPending && (
        <Loading what="the models">
          <div className="grid gap-5 lg:grid-cols-[minmax(0,1fr)_26rem]">
            <Skeleton className="h-140" />
            <Skeleton className="h-60" />
          </div>
        </Loading>
      )}
      {models.data === undefined && models.error !== null && (
        <Failure error={models.error} onRetry={() => void models.refetch()} />
      )}
    </>
  );
}

function Ready({ models }: { models: readonly Model[] }) {
  const search = route.useSearch();
  if (models.length === 0)
    return (
      <Empty
        title="No model here can speak"
        action={
          <Link to="/system" search={{ tab: "models" }} className={buttonClass("primary")}>
            See the models
          </Link>
        }
      >
        Add a model for speech to config.yml and start the server anew.
      </Empty>
    );
  // Another job to begin with makes another form.
  return <SpeakForm key={`${search.from ?? ""} ${search.model ?? ""}`} models={models} search={search} />;
}
