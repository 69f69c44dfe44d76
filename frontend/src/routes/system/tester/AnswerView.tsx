import { Link } from "@tanstack/react-router";
import { Download } from "lucide-react";
import { useCallback } from "react";
import { bytes, number } from "@/lib/numbers";
import { duration } from "@/lib/time";
import { Badge, type Tone } from "@/ui/Badge";
import { buttonClass } from "@/ui/Button";
import { Code } from "@/ui/Copy";
import { pretty, SHOWN, type Answer } from "./answer";

/** What came back: status, time, size, headers, and the body as a person wants it. */
export function AnswerView({ answer }: { answer: Answer }) {
  const job = jobOf(answer);
  return (
    <section aria-label="Answer" className="flex flex-col gap-3 rounded-lg border p-3">
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-sm" role="status">
        <Badge tone={toneOf(answer.status)}>
          {answer.status} {STATUS[answer.status] ?? ""}
        </Badge>
        <span className="text-muted tabular-nums">
          {duration(answer.seconds)}
          {answer.seconds - answer.headSeconds > 0.1 && ` (first byte after ${duration(answer.headSeconds)})`}
        </span>
        <span className="text-muted tabular-nums">{bytes(answer.size)}</span>
        {!answer.complete && <span className="text-warn">not the whole answer</span>}
        {job !== undefined && (
          <Link
            to="/jobs/$jobId"
            params={{ jobId: job }}
            className="ml-auto font-medium text-accent-strong hover:underline"
          >
            Open the job
          </Link>
        )}
      </p>
      <details>
        <summary className="w-fit cursor-pointer text-sm font-medium text-muted hover:text-ink">
          {answer.headers.length} headers
        </summary>
        <dl className="mt-2 grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 font-mono text-xs">
          {answer.headers.map(([name, value], at) => (
            <div key={at} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="min-w-0 wrap-anywhere">{value}</dd>
            </div>
          ))}
        </dl>
      </details>
      {answer.blob !== undefined ? <File blob={answer.blob} /> : <Text answer={answer} />}
    </section>
  );
}

function Text({ answer }: { answer: Answer }) {
  const text = pretty(answer);
  if (text === "") return <p className="text-sm text-muted">No body.</p>;
  return (
    <>
      <Code text={text.slice(0, SHOWN)} label="Body of the answer" />
      {text.length > SHOWN && (
        <p className="text-xs text-muted">
          The first {number(SHOWN)} of {number(text.length)} characters. Use curl for the rest.
        </p>
      )}
    </>
  );
}

function File({ blob }: { blob: Blob }) {
  const audio = useCallback((player: HTMLAudioElement) => attach(blob, (url) => (player.src = url)), [blob]);
  const link = useCallback((anchor: HTMLAnchorElement) => attach(blob, (url) => (anchor.href = url)), [blob]);
  return (
    <div className="flex flex-wrap items-center gap-3">
      {blob.type.startsWith("audio/") && <audio controls ref={audio} className="max-w-full" />}
      <a ref={link} download="answer" className={buttonClass("plain", true)}>
        <Download aria-hidden />
        Save {blob.type} ({bytes(blob.size)})
      </a>
    </div>
  );
}

/** Gives the bytes an address as long as an element needs them. */
function attach(blob: Blob, set: (url: string) => void): () => void {
  const url = URL.createObjectURL(blob);
  set(url);
  return () => URL.revokeObjectURL(url);
}

const STATUS: Record<number, string> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No content",
  206: "Part",
  304: "Not modified",
  400: "Bad request",
  403: "Forbidden",
  404: "Not found",
  409: "Conflict",
  410: "Gone",
  413: "Too large",
  415: "Unsupported media type",
  422: "Cannot be processed",
  429: "Too many",
  500: "Error",
  503: "Unavailable",
};

function toneOf(status: number): Tone {
  if (status < 300) return "good";
  return status < 400 ? "neutral" : status < 500 ? "warn" : "bad";
}

/** The job that an answer is about. */
function jobOf({ text, type }: Answer): string | undefined {
  if (text === undefined || !type.startsWith("application/json")) return undefined;
  return /^\{\s*"id":\s*"(job_[0-9a-f-]+)"/.exec(text)?.[1];
}
