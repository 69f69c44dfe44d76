import { useQuery } from "@tanstack/react-query";
import { bytes, number } from "@/lib/numbers";
import { duration } from "@/lib/time";
import { versionQuery } from "@/nouns/health/queries";
import { Facts, Panel } from "@/ui/Panel";
import { Loaded } from "./Loaded";

/** What runs here, and how much it takes. */
export function Runs() {
  const query = useQuery(versionQuery);
  return (
    <Panel title="What runs here" flush>
      <Loaded query={query} what="the version" height="h-32">
        {(version) => (
          <div className="p-4">
            <Facts
              facts={[
                ["Version", `${version.name} ${version.version}, Python ${version.python}`],
                ["Storage", version.artifacts === "s3" ? "S3" : "A folder of this machine"],
                ...Object.entries(version.limits).map(
                  ([name, value]) => [limitName(name), limitValue(name, value)] as const,
                ),
              ]}
            />
          </div>
        )}
      </Loaded>
    </Panel>
  );
}

const NAMES: Record<string, string> = {
  body_bytes: "Longest request",
  inline_audio_bytes: "Longest audio in JSON",
  audio_seconds: "Longest recording",
  text_characters: "Longest text",
  labels: "Labels of a job",
  label_characters: "Longest label",
  waiting_jobs: "Jobs that may wait",
  waiting_seconds: "Work that may wait",
  submitter_jobs: "Jobs of one submitter",
  submitter_seconds: "Work of one submitter",
  openai_text_characters: "Longest text at OpenAI's address",
  openai_file_bytes: "Largest file at OpenAI's addresses",
  door_wait_seconds: "Longest wait of a request for its job",
};

function limitName(name: string): string {
  return NAMES[name] ?? name.replaceAll("_", " ");
}

function limitValue(name: string, value: number): string {
  if (name.endsWith("_bytes")) return bytes(value);
  if (name.endsWith("_seconds")) return duration(value);
  return name.endsWith("_characters") ? `${number(value)} characters` : number(value);
}
