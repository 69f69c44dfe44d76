import { useQuery } from "@tanstack/react-query";
import { Code } from "@/ui/Copy";
import { Failure, Loading, Skeleton } from "@/ui/States";
import { exactClock } from "./clocks";
import { deliveryQuery, type Delivery, type DeliveryLog } from "./deliveries";

/** What was sent and what came back, of each attempt. */
export function DeliveryDetails({ jobId, delivery }: { jobId: string; delivery: Delivery }) {
  const version = `${delivery.status} ${delivery.attempts} ${delivery.finished_at ?? ""}`;
  const query = useQuery({
    ...deliveryQuery(jobId, delivery.id, version),
    placeholderData: (before) => before,
  });
  if (query.data === undefined)
    return query.error === null ? (
      <Loading what="the message">
        <Skeleton className="mt-2 h-40" />
      </Loading>
    ) : (
      <Failure className="mt-2" error={query.error} onRetry={() => void query.refetch()} />
    );
  return (
    <div className="mt-2 flex flex-col gap-4 pb-2 pl-6">
      <section className="flex flex-col gap-1">
        <h3 className="text-xs font-medium text-muted">
          Message <code className="font-mono">{delivery.id}</code>, the same in every attempt
        </h3>
        <Code text={pretty(query.data.body)} label="Body that was sent" />
      </section>
      {query.data.log.length === 0 && <p className="text-sm text-muted">It has not been tried yet.</p>}
      {query.data.log.map((attempt) => (
        <Attempt key={attempt.number} attempt={attempt} />
      ))}
    </div>
  );
}

function Attempt({ attempt }: { attempt: DeliveryLog["log"][number] }) {
  const { request, response } = attempt;
  const answer =
    response === null ? `no answer: ${attempt.error ?? "unknown"}` : `answered ${response.status}`;
  return (
    <section className="flex flex-col gap-2">
      <h3 className="text-sm font-medium">
        Attempt {attempt.number}: {answer}{" "}
        <span className="font-normal text-muted">
          after {attempt.milliseconds} ms, at {exactClock(attempt.at)}
        </span>
      </h3>
      <div className="grid gap-3 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-1">
          <p className="text-xs text-muted">Request</p>
          <Code
            text={`POST ${request.url}\n${head(request.headers)}`}
            label={`Request of attempt ${attempt.number}`}
          />
        </div>
        {response !== null && (
          <div className="flex min-w-0 flex-col gap-1">
            <p className="text-xs text-muted">Response</p>
            <Code
              text={`${response.status}\n${head(response.headers)}${response.body === "" ? "" : `\n\n${response.body}`}`}
              label={`Response of attempt ${attempt.number}`}
            />
          </div>
        )}
      </div>
    </section>
  );
}

function head(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}`)
    .join("\n");
}

/** JSON with line breaks; anything else as it is. */
function pretty(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}
