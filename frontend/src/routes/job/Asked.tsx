import { useState } from "react";
import type { Artifact, Job } from "@/api/types";
import { Player } from "@/nouns/audio/Player";
import { nearby } from "@/nouns/artifact/link";
import { artifactWords, isAudio } from "@/nouns/artifact/words";
import { Button } from "@/ui/Button";
import { Facts, Panel } from "@/ui/Panel";

const LONG = 400;

/** What was asked for: the text or the recording, and the options. */
export function Asked({ job }: { job: Job }) {
  const input = job.request.input as { text?: unknown } | undefined;
  const options = Object.entries((job.request.options ?? {}) as Record<string, unknown>);
  return (
    <Panel title="What was asked">
      <div className="flex flex-col gap-3 text-sm">
        {typeof input?.text === "string" && <Text text={input.text} />}
        {(job.inputs ?? []).map((artifact) => (
          <Input
            key={artifact.id}
            artifact={artifact}
            playable={job.kind === "embedding" && job.result === null}
          />
        ))}
        {job.inputs?.length === 0 && typeof input?.text !== "string" && (
          <p className="text-muted">What it was given is no longer kept.</p>
        )}
        {options.length > 0 ? (
          <Facts facts={options.map(([name, value]) => [name, shown(value)] as const)} />
        ) : (
          <p className="text-muted">All options as the model has them.</p>
        )}
      </div>
    </Panel>
  );
}

function shown(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function Text({ text }: { text: string }) {
  const [whole, setWhole] = useState(false);
  const long = text.length > LONG;
  return (
    <div>
      <p className="max-h-96 overflow-y-auto wrap-break-word whitespace-pre-wrap">
        {long && !whole ? `${text.slice(0, LONG)}…` : text}
      </p>
      {long && (
        <Button small look="quiet" className="-ml-2" onClick={() => setWhole(!whole)}>
          {whole ? "Less" : `All ${text.length} characters`}
        </Button>
      )}
    </div>
  );
}

function Input({ artifact, playable }: { artifact: Artifact; playable: boolean }) {
  return (
    <div className="flex flex-col gap-1">
      {playable && isAudio(artifact) && (
        <Player src={artifact.url} label="Recording" seconds={artifact.seconds} controls="compact" />
      )}
      <p className="text-muted">
        Recording: {artifactWords(artifact)} ·{" "}
        <a href={nearby(artifact.url)} download className="text-accent-strong underline">
          save
        </a>
      </p>
    </div>
  );
}
