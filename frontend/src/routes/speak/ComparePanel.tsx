import { Link } from "@tanstack/react-router";
import { ExternalLink } from "lucide-react";
import type { Model } from "@/api/types";
import { plural } from "@/lib/numbers";
import { Download } from "@/nouns/audio/Download";
import { Player } from "@/nouns/audio/Player";
import { optionLabel } from "@/nouns/options/spec";
import { JobFailure } from "@/nouns/submit/JobFailure";
import { isGone, JobState, useWatchedJob } from "@/nouns/submit/JobState";
import { voiceName } from "@/nouns/voice/voices";
import { Button, buttonClass } from "@/ui/Button";
import { Panel } from "@/ui/Panel";
import { Failure, Skeleton } from "@/ui/States";
import { endComparison, resetTally, useTally, vote, type Comparison, type Vote } from "./compare";
import type { Side } from "./draft";
import { addTakes } from "./history";
import { takeOf } from "./useSpeak";

/** Two takes of one text, heard blind: which is which is told after the vote. */
export function ComparePanel({ comparison, models }: { comparison: Comparison; models: readonly Model[] }) {
  const { first, jobs, sides, vote: voted } = comparison;
  const order = first === 0 ? ([0, 1] as const) : ([1, 0] as const);
  const one = useWatchedJob(jobs[0]);
  const other = useWatchedJob(jobs[1]);
  const both = [one, other].every(({ data }) => data?.result?.artifacts.some(({ role }) => role === "audio"));
  const choose = (choice: Vote): void => {
    vote(choice);
    addTakes(sides.flatMap((side, at) => takeOf(comparison.text, side, jobs[at] ?? "")));
  };
  return (
    <Panel
      title="Which is better?"
      actions={
        <Button small look="quiet" onClick={endComparison}>
          Close
        </Button>
      }
    >
      <div className="flex flex-col gap-4" data-comparison={voted === null ? "open" : "voted"}>
        <p className="line-clamp-2 text-sm wrap-break-word text-muted">{comparison.text}</p>
        {order.map((side, place) => (
          <Heard
            key={side}
            letter={place === 0 ? "A" : "B"}
            job={jobs[side]}
            name={voted === null ? undefined : sideName(sides[side], models)}
            better={voted === side}
          />
        ))}
        {voted === null ? (
          <div className="flex flex-col gap-2">
            <div className="grid grid-cols-3 gap-2" role="group" aria-label="Which is better">
              <Button disabled={!both} onClick={() => choose(order[0])}>
                A is better
              </Button>
              <Button disabled={!both} onClick={() => choose("tie")}>
                No difference
              </Button>
              <Button disabled={!both} onClick={() => choose(order[1])}>
                B is better
              </Button>
            </div>
            <p className="text-xs text-muted">
              {both
                ? "Which voice is which is told after you have chosen. Their order is by chance."
                : "You can choose once both are made."}
            </p>
          </div>
        ) : (
          <Result comparison={comparison} models={models} />
        )}
      </div>
    </Panel>
  );
}

function Heard({
  letter,
  job: id,
  name,
  better,
}: {
  letter: string;
  job: string;
  /** Who it is; undefined as long as nobody may know. */
  name: string | undefined;
  better: boolean;
}) {
  const { data: job, error } = useWatchedJob(id);
  const audio = job?.result?.artifacts.find((artifact) => artifact.role === "audio");
  return (
    <section aria-label={`Take ${letter}`} className="flex flex-col gap-2 rounded-lg border p-3">
      <h3 className="flex flex-wrap items-center gap-2 text-sm font-semibold">
        {letter}
        {name !== undefined && <span className="font-normal">{name}</span>}
        {better && <span className="text-xs font-medium text-good">better</span>}
      </h3>
      {job === undefined && error === null && <Skeleton className="h-9" />}
      {job === undefined && error !== null && isGone(error) && (
        <p className="text-sm text-muted">
          This job was deleted, and its audio with it. Close, and compare anew.
        </p>
      )}
      {job === undefined && error !== null && !isGone(error) && <Failure error={error} />}
      {audio !== undefined && (
        <Player src={audio.url} seconds={audio.seconds} label={`take ${letter}`} controls="compact" />
      )}
      {job !== undefined && audio === undefined && (
        <>
          <JobState job={job} what={`take ${letter}`} />
          <JobFailure job={job} />
        </>
      )}
      {name !== undefined && job !== undefined && (
        <div className="flex justify-end gap-2">
          <Download jobId={id} kind="speech" />
          <Link to="/jobs/$jobId" params={{ jobId: id }} className={buttonClass("plain", true)}>
            <ExternalLink aria-hidden /> Open the job
          </Link>
        </div>
      )}
    </section>
  );
}

function Result({ comparison, models }: { comparison: Comparison; models: readonly Model[] }) {
  const { wins, ties } = useTally(comparison.sides);
  const names = comparison.sides.map((side) => sideName(side, models));
  return (
    <div role="status" className="flex flex-col gap-2 rounded-lg bg-sunken p-3 text-sm">
      <p className="font-semibold">This browser’s votes on this pair</p>
      <table className="w-full">
        <tbody>
          {names.map((name, at) => (
            <tr key={name}>
              <th scope="row" className="py-0.5 text-left font-normal">
                {name}
              </th>
              <td className="num">{plural(wins[at === 0 ? 0 : 1], "vote")}</td>
            </tr>
          ))}
          <tr className="text-muted">
            <th scope="row" className="py-0.5 text-left font-normal">
              No difference
            </th>
            <td className="num">{plural(ties, "vote")}</td>
          </tr>
        </tbody>
      </table>
      <div>
        <Button small look="quiet" onClick={() => resetTally(comparison.sides)}>
          Count from zero
        </Button>
      </div>
    </div>
  );
}

function sideName(side: Side, models: readonly Model[]): string {
  const model = models.find((each) => each.id === side.model);
  const voice = voiceName(model, side.voice);
  const options = Object.entries(side.options).map(
    ([name, value]) => `${optionLabel(name)} ${String(value)}`,
  );
  return [voice === "" ? (model?.title ?? side.model) : voice, side.model, ...options].join(" · ");
}
