import { useState } from "react";
import type { Job } from "@/api/types";
import { cx } from "@/ui/cx";
import { Code } from "@/ui/Copy";
import { LANGUAGE_NAMES, LANGUAGES, requestOf, snippet, type SnippetLanguage } from "./snippets";

/** Programs that ask for the same, to be copied as they are. */
export function CodeTab({ job }: { job: Job }) {
  const [language, setLanguage] = useState<SnippetLanguage>("curl");
  const input = requestOf(job).input as { text?: unknown; audio?: { artifact?: unknown } } | undefined;
  const lost = typeof input?.text !== "string" && typeof input?.audio?.artifact !== "string";
  return (
    <div className="flex flex-col gap-3">
      <p className="max-w-prose text-sm text-muted">
        Each submits this job anew, waits for its end and has its result. They run as they are pasted.
        {lost &&
          " What this job was given is no longer kept: put a text or the id of a recording into its input first."}
      </p>
      <div role="group" aria-label="Language" className="flex w-fit gap-1 rounded-md border bg-sunken p-0.5">
        {LANGUAGES.map((each) => (
          <button
            key={each}
            type="button"
            aria-pressed={each === language}
            onClick={() => setLanguage(each)}
            className={cx(
              "h-7 rounded-sm px-3 text-sm",
              each === language ? "bg-surface font-medium text-ink" : "text-muted hover:text-ink",
            )}
          >
            {LANGUAGE_NAMES[each]}
          </button>
        ))}
      </div>
      <Code
        text={snippet(language, job, window.location.origin)}
        label={`The job as ${LANGUAGE_NAMES[language]}`}
      />
    </div>
  );
}
