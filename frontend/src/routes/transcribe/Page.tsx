import { useQuery } from "@tanstack/react-query";
import { getRouteApi, Link } from "@tanstack/react-router";
import { modelsFor, modelsQuery } from "@/nouns/model/queries";
import { buttonClass } from "@/ui/Button";
import { PageHead } from "@/ui/Panel";
import { Empty, Failure, Loading, Skeleton } from "@/ui/States";
import { Desk } from "./Desk";
import { LISTENING } from "./settings";

const route = getRouteApi("/transcribe");

export default function Page() {
  const models = useQuery(modelsQuery);
  const search = route.useSearch();
  const able = models.data?.data.filter((model) =>
    LISTENING.some((kind) => modelsFor([model], kind).length > 0),
  );
  return (
    <>
      <PageHead title="Transcribe">
        Speech to text: files or the microphone. Each recording is a job.
      </PageHead>
      {able !== undefined && able.length > 0 && (
        <Desk
          key={`${search.from ?? ""} ${search.kind ?? ""} ${search.model ?? ""}`}
          models={able}
          search={search}
        />
      )}
      {able?.length === 0 && (
        <Empty
          title="No model here can listen"
          action={
            <Link to="/system" search={{ tab: "models" }} className={buttonClass("primary")}>
              See the models
            </Link>
          }
        >
          Add a model for transcription to config.yml and start the server anew.
        </Empty>
      )}
      {models.isPending && (
        <Loading what="the models">
          <div className="grid gap-5 lg:grid-cols-[24rem_minmax(0,1fr)]">
            <Skeleton className="h-120" />
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
