import { Link } from "@tanstack/react-router";
import { AudioLines, Mic } from "lucide-react";
import { useState } from "react";
import type { Model } from "@/api/types";
import { number, plural } from "@/lib/numbers";
import { KindMark } from "@/nouns/job/status";
import { deviceName, megabytes } from "@/nouns/worker/state";
import { buttonClass } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Facts } from "@/ui/Panel";
import { Time } from "@/ui/Time";
import { languageName } from "./languages";
import { Options } from "./Options";
import { Weights } from "./Weights";

/** All that is known of a model, and where to try it. */
export function ModelDetails({
  id,
  model,
  onClose,
}: {
  id: string;
  model: Model | undefined;
  onClose: () => void;
}) {
  return (
    <Dialog
      open
      wide
      onOpenChange={(open) => {
        if (!open) onClose();
      }}
      title={model?.title ?? "There is no such model"}
      description={
        model?.description ??
        `No model of this deployment is called “${id}”. It may have been renamed or taken out of config.yml.`
      }
      actions={model === undefined ? undefined : <Doors model={model} />}
    >
      {model !== undefined && <About model={model} />}
    </Dialog>
  );
}

/** Where the model can be tried. */
function Doors({ model }: { model: Model }) {
  const hearing = model.capabilities.find((kind) => kind !== "speech");
  return (
    <>
      {hearing !== undefined && (
        <Link
          to="/transcribe"
          search={{ model: model.id, kind: hearing }}
          className={buttonClass(model.capabilities.includes("speech") ? "plain" : "primary")}
        >
          <Mic aria-hidden />
          {hearing === "transcription" ? "Transcribe with it" : "Try it with a recording"}
        </Link>
      )}
      {model.capabilities.includes("speech") && (
        <Link to="/speak" search={{ model: model.id }} className={buttonClass("primary")}>
          <AudioLines aria-hidden />
          Speak with it
        </Link>
      )}
    </>
  );
}

function About({ model }: { model: Model }) {
  const pull = model.weights.pull;
  return (
    <div className="flex flex-col gap-5">
      <Facts
        facts={[
          ["Name", <code className="font-mono text-xs">{model.id}</code>],
          [
            "Can do",
            <span className="flex flex-wrap gap-x-3">
              {model.capabilities.map((kind) => (
                <KindMark key={kind} kind={kind} />
              ))}
            </span>,
          ],
          ["Licence", model.licence],
          ["Family", model.family],
          ["Runs on", `${deviceName(model.device)}, queue ${model.queue}`],
          ["Memory", `${megabytes(model.memory_mb)} while it is loaded`],
          ["Sample rate", `${number(model.sample_rate)} Hz`],
          ["Weights", <Weights model={model} />],
          ...(model.weights.hosts.length > 0
            ? [["Present on", model.weights.hosts.join(", ")] as const]
            : []),
          ...(pull?.status === "succeeded" && pull.finished_at !== null
            ? [
                [
                  "Fetched",
                  <>
                    <Time at={pull.finished_at} />
                    {pull.worker !== null && ` by ${pull.worker}`}
                  </>,
                ] as const,
              ]
            : []),
          ["In memory of", model.loaded_on.length === 0 ? "Nobody now" : model.loaded_on.join(", ")],
        ]}
      />
      <Words
        title="Languages"
        none="Not bound to a language."
        words={model.languages.map((code) => `${languageName(code)} (${code})`)}
      />
      {model.voices.length > 0 && (
        <Words
          title="Voices"
          none=""
          words={model.voices.map(
            (voice) => `${String(voice.name)} (${String(voice.id)}, ${languageName(String(voice.language))})`,
          )}
        />
      )}
      {model.capabilities.map((kind) => (
        <Options key={kind} kind={kind} options={model.options[kind] ?? {}} />
      ))}
    </div>
  );
}

const FEW = 12;

function Words({ title, words, none }: { title: string; words: readonly string[]; none: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? words : words.slice(0, FEW);
  return (
    <section>
      <h3 className="mb-1 text-sm font-semibold">
        {title}
        {words.length > 0 && <span className="font-normal text-muted"> {words.length}</span>}
      </h3>
      <p className="text-sm text-muted">
        {words.length === 0 ? none : shown.join(", ")}
        {words.length > FEW && (
          <>
            {all ? ". " : " … "}
            <button
              type="button"
              aria-expanded={all}
              onClick={() => setAll(!all)}
              className="font-medium text-accent-strong hover:underline"
            >
              {all ? "Show fewer" : `and ${plural(words.length - FEW, "more", "more")}`}
            </button>
          </>
        )}
      </p>
    </section>
  );
}
