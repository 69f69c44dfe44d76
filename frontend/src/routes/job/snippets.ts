import type { Job } from "@/api/types";

export const LANGUAGES = ["curl", "python", "javascript"] as const;
export type SnippetLanguage = (typeof LANGUAGES)[number];

export const LANGUAGE_NAMES: Record<SnippetLanguage, string> = {
  curl: "curl",
  python: "Python",
  javascript: "JavaScript",
};

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

/** The body of POST /v1/jobs that asks for the same: recordings by the id that they have here. */
export function requestOf(job: Job): Record<string, Json> {
  const asked = JSON.parse(JSON.stringify(job.request)) as Record<string, Json>;
  const body: Record<string, Json> = { ...asked, model: job.model };
  body.input = { ...(asked.input as Record<string, Json>), ...recordingsOf(job, asked) };
  if (job.priority !== "normal") body.priority = job.priority;
  if (Object.keys(job.labels).length > 0) body.labels = job.labels;
  return body;
}

/** Each recording that came with the request by its artifact: the audio itself, or that of a voice. */
function recordingsOf(job: Job, asked: Record<string, Json>): Record<string, Json> {
  const given = asked.input as Record<string, Json>;
  const found: Record<string, Json> = {};
  for (const { id, role } of job.inputs ?? []) {
    if (role === "audio") found.audio = { artifact: id };
    // The recording of a saved voice is an input, too; its name says enough.
    else if (hasAudio(given[role])) found[role] = { ...given[role], audio: { artifact: id } };
  }
  return found;
}

function hasAudio(voice: Json | undefined): voice is Record<string, Json> {
  return typeof voice === "object" && voice !== null && "audio" in voice;
}

/** The file that the result is saved as, and the query of /result that gives it. */
export function resultFile(job: Job): { name: string; query: string } {
  if (job.kind === "speech" || job.kind === "voice_conversion") {
    const options = job.request.options as { format?: unknown } | undefined;
    const format = typeof options?.format === "string" ? options.format : "wav";
    return { name: `speech.${format}`, query: "" };
  }
  if (job.kind === "transcription" || job.kind === "translation")
    return { name: "transcript.txt", query: "?format=txt" };
  return { name: `${job.kind}.json`, query: "?format=json" };
}

/** A program that submits the job anew, waits for its end and saves the result; it runs as it is pasted. */
export function snippet(language: SnippetLanguage, job: Job, origin: string): string {
  const parts = { origin, body: requestOf(job), ...resultFile(job) };
  return { curl, python, javascript }[language](parts);
}

interface Parts {
  origin: string;
  body: Record<string, Json>;
  name: string;
  query: string;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function curl({ origin, body, name, query }: Parts): string {
  return `# Submits the job, waits for its end, and saves the result as ${name}.
base=${quoted(origin)}
answer=$(curl -sS --fail-with-body "$base/v1/jobs" -H 'content-type: application/json' -d ${quoted(JSON.stringify(body, null, 2))})
job=$(printf '%s' "$answer" | sed -n 's/^{"id":"\\(job_[^"]*\\)".*/\\1/p')
[ -n "$job" ] || printf '%s\\n' "$answer"
state=queued
while [ -n "$job" ] && case $state in queued|running|cancelling) ;; *) false ;; esac; do
  state=$(curl -sS "$base/v1/jobs/$job?wait=30" | sed -n 's/^{.*"status":"\\([a-z]*\\)","progress".*/\\1/p')
done
echo "$job $state"
[ "$state" != succeeded ] || curl -sSL --fail-with-body -o ${quoted(name)} "$base/v1/jobs/$job/result${query}"
`;
}

function python({ origin, body, name, query }: Parts): string {
  return `# Submits the job, waits for its end, and saves the result as ${name}. Needs nothing but Python 3.
import json
import urllib.error
import urllib.request

BASE = ${JSON.stringify(origin)}


def call(path, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(BASE + path, data, {"content-type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=90) as answer:
            return answer.read()
    except urllib.error.HTTPError as problem:
        raise SystemExit(problem.read().decode()) from None


job = json.loads(call("/v1/jobs", ${pythonLiteral(body)}))
while job["status"] in ("queued", "running", "cancelling"):
    job = json.loads(call(f"/v1/jobs/{job['id']}?wait=30"))
if job["status"] != "succeeded":
    raise SystemExit(f"{job['id']} {job['status']}: {(job['error'] or {}).get('detail', '')}")
with open(${JSON.stringify(name)}, "wb") as file:
    file.write(call(f"/v1/jobs/{job['id']}/result${query}"))
print(job["id"], job["status"])
`;
}

function javascript({ origin, body, name, query }: Parts): string {
  const shown =
    name === "transcript.txt" || name.endsWith(".json")
      ? "console.log(job.id, job.status, await result.text());"
      : `console.log(job.id, job.status, (await result.arrayBuffer()).byteLength, "bytes of audio:", job.result.artifacts[0].url);`;
  return `// Submits the job, waits for its end, and shows the result: in a browser's console on ${origin}, or in Node 18 and later.
(async () => {
  const base = ${JSON.stringify(origin)};
  const call = async (path, options) => {
    const answer = await fetch(base + path, options);
    if (!answer.ok) throw new Error(await answer.text());
    return answer;
  };
  const submitted = await call("/v1/jobs", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(${indented(JSON.stringify(body, null, 2), "    ")}),
  });
  let job = await submitted.json();
  while (["queued", "running", "cancelling"].includes(job.status))
    job = await (await call(\`/v1/jobs/\${job.id}?wait=30\`)).json();
  if (job.status !== "succeeded") throw new Error(\`\${job.id} \${job.status}: \${job.error?.detail ?? ""}\`);
  const result = await call(\`/v1/jobs/\${job.id}/result${query}\`);
  ${shown}
})();
`;
}

function indented(text: string, by: string): string {
  return text.replaceAll("\n", `\n${by}`);
}

/** A value as Python writes it; the escapes of JSON strings are Python's, too. */
export function pythonLiteral(value: Json, indent = ""): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = `${indent}    `;
  if (Array.isArray(value))
    return value.length === 0
      ? "[]"
      : `[\n${value.map((each) => `${inner}${pythonLiteral(each, inner)},\n`).join("")}${indent}]`;
  const entries = Object.entries(value);
  if (entries.length === 0) return "{}";
  const lines = entries.map(
    ([name, each]) => `${inner}${JSON.stringify(name)}: ${pythonLiteral(each, inner)},\n`,
  );
  return `{\n${lines.join("")}${indent}}`;
}
