import { ApiProblem, unreachable } from "@/api/problem";
import type { Job } from "@/api/types";
import type { Order } from "@/nouns/submit/submit";

/** A form is a little longer than the file in it. */
const OVERHEAD = 64 * 1024;

/** Why a file cannot be sent, known without reading it; undefined if it can. */
export function fileProblem(size: number, limit: number | undefined): string | undefined {
  if (size === 0) return "The file is empty. Look whether the recording was saved.";
  if (limit === undefined || size <= limit - OVERHEAD) return undefined;
  return `The file has ${binary(size)}; at most ${binary(limit)} are taken. Cut it, or save it as FLAC, Opus or MP3.`;
}

function binary(size: number): string {
  const giga = size / 2 ** 30;
  return giga >= 1 ? `${giga.toFixed(1)} GiB` : `${Math.ceil(size / 2 ** 20)} MiB`;
}

interface Upload {
  order: Omit<Order, "input">;
  file: Blob;
  name: string;
  key: string;
  signal: AbortSignal;
  /** Called with how much of it was sent, 0 to 1. */
  onProgress: (share: number) => void;
}

/**
 * Submits a job with its recording. `fetch` tells nothing of what it has sent, so this is the one place with an
 * XMLHttpRequest; its failures are ApiProblems like all others.
 */
export function upload({ order, file, name, key, signal, onProgress }: Upload): Promise<Job> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("job", new Blob([JSON.stringify(order)], { type: "application/json" }));
    form.append("audio", file, name);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? loaded / total : 0);
    request.onload = () => {
      const body = parsed(request.responseText);
      if (request.status === 200 || request.status === 202) resolve(body as Job);
      else reject(problem(request, body));
    };
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("The upload was broken off.", "AbortError"));
    signal.addEventListener("abort", () => request.abort(), { once: true });
    request.open("POST", "/v1/jobs");
    request.setRequestHeader("Idempotency-Key", key);
    request.send(form);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A proxy's page, or nothing.
    return {};
  }
}

function problem(request: XMLHttpRequest, body: unknown): ApiProblem {
  const retry = Number(request.getResponseHeader("retry-after") ?? NaN);
  return new ApiProblem(
    request.status,
    typeof body === "object" && body !== null ? body : {},
    Number.isFinite(retry) ? retry : undefined,
  );
}
