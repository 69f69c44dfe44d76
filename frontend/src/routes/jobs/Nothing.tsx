import { Link } from "@tanstack/react-router";
import { AudioLines, Mic, SearchX } from "lucide-react";
import { Button, buttonClass } from "@/ui/Button";
import { Code } from "@/ui/Copy";
import { Empty } from "@/ui/States";
import type { Search } from "./search";
import { chipsOf } from "./words";

/** There has never been a job: what to do first. */
export function NoJobs() {
  const curl = [
    `curl ${window.location.origin}/v1/jobs \\`,
    `  -H "content-type: application/json" \\`,
    `  -d '{"kind": "speech", "model": "kokoro",`,
    `       "input": {"text": "Hello, Harmony."}}'`,
  ].join("\n");
  return (
    <Empty
      title="No job yet"
      action={
        <div className="flex max-w-full flex-col items-center gap-6">
          <div className="flex flex-wrap justify-center gap-2">
            <Link to="/speak" className={buttonClass("primary")}>
              <AudioLines aria-hidden /> Speak a text
            </Link>
            <Link to="/transcribe" className={buttonClass()}>
              <Mic aria-hidden /> Transcribe a recording
            </Link>
          </div>
          <div className="w-150 max-w-[calc(100vw-4rem)] text-left">
            <p className="mb-1 text-xs text-muted">Or from a terminal:</p>
            <Code text={curl} label="A first job, as a command" />
          </div>
        </div>
      }
    >
      Every speech, transcript and analysis becomes a job, and is seen here as it happens.
    </Empty>
  );
}

/** There are jobs, but none that the filters let through. */
export function NoMatch({ search, onClear }: { search: Search; onClear: () => void }) {
  return (
    <Empty
      icon={<SearchX aria-hidden />}
      title="No job matches"
      action={<Button onClick={onClear}>Clear all filters</Button>}
    >
      <p>
        Asked for{" "}
        {chipsOf(search).map((chip, place) => (
          <span key={chip.key}>
            {place > 0 && " and "}
            <strong className="font-medium text-ink">{chip.text}</strong>
          </span>
        ))}
        . New jobs that match will appear here by themselves.
      </p>
    </Empty>
  );
}
