import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { api, dataOf } from "@/api/client";
import { ApiProblem } from "@/api/problem";
import { hasEnded, type Artifact, type Job } from "@/api/types";
import { remember, remembered } from "@/lib/storage";
import { jobKeys, jobQuery } from "@/nouns/job/queries";
import { postJob } from "@/nouns/submit/submit";
import type { Voice } from "./voices";

/** Raised when the sentences change, so that old samples are not taken for new ones. */
const REVISION = 1;
const NAME = "voice-samples";

const SENTENCES: Readonly<Record<string, string>> = {
  de: "Guten Tag, so klinge ich, wenn ich einen Satz vorlese.",
  en: "Hello, this is how I sound when I read a sentence aloud.",
  es: "Hola, así sueno cuando leo una frase en voz alta.",
  fr: "Bonjour, voici ma voix quand je lis une phrase.",
  hi: "नमस्ते, वाक्य पढ़ते समय मेरी आवाज़ ऐसी होती है।",
  it: "Ciao, ecco come suono quando leggo una frase.",
  ja: "こんにちは。文章を読むと、こんな声です。",
  ko: "안녕하세요, 문장을 읽을 때 제 목소리입니다.",
  nl: "Hallo, zo klink ik als ik een zin voorlees.",
  pl: "Dzień dobry, tak brzmię, gdy czytam zdanie.",
  pt: "Olá, é assim que eu soo quando leio uma frase.",
  ru: "Здравствуйте, так я звучу, когда читаю предложение.",
  zh: "你好，我读句子的时候就是这个声音。",
};

/** What a voice says of itself, in its language. */
export function sampleSentence(language: string): string {
  return SENTENCES[language.split("-")[0] ?? ""] ?? SENTENCES.en ?? "";
}

interface Kept {
  job: string;
  /** How often the sample was ordered: one that failed or is gone is ordered anew, under another key. */
  turn: number;
}

function isKept(value: unknown): value is Record<string, Kept> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function keptOf(name: string): Kept | undefined {
  return remembered(NAME, isKept, {})[name];
}

function keep(name: string, kept: Kept): void {
  remember(NAME, { ...remembered(NAME, isKept, {}), [name]: kept });
}

export interface Sample {
  /** `none`: nobody has asked for it here yet. */
  state: "none" | "making" | "ready" | "failed";
  job: Job | undefined;
  audio: Artifact | undefined;
  error: unknown;
  /** Has it made, if it is not there. */
  ask: () => void;
}

/**
 * The sample of a voice: a job of low priority that is made once per model and voice, whoever asks for it, and found
 * again by its id in this browser. Nothing is asked of the server before `ask` unless this browser knows the job.
 */
export function useSample(model: string, voice: Voice): Sample {
  const client = useQueryClient();
  const name = `${model}/${voice.id}/${REVISION}`;
  const [ordered, setOrdered] = useState<string | null>(null);
  const [wanted, setWanted] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const id = ordered ?? keptOf(name)?.job ?? "";
  const query = useQuery({ ...jobQuery(id), enabled: id !== "" && wanted, staleTime: 60_000 });
  const ask = useCallback(async () => {
    setWanted(true);
    setError(null);
    try {
      const job = await ready(name, model, voice);
      client.setQueryData(jobKeys.one(job.id), job);
      setOrdered(job.id);
    } catch (problem) {
      setError(problem);
    }
  }, [client, model, name, voice]);
  const job = wanted ? query.data : undefined;
  const audio = job?.result?.artifacts.find((artifact) => artifact.role === "audio");
  const failed = error !== null || (job !== undefined && hasEnded(job.status) && audio === undefined);
  return {
    state: failed ? "failed" : audio !== undefined ? "ready" : wanted ? "making" : "none",
    job,
    audio,
    error: error ?? job?.error?.detail,
    ask: () => void ask(),
  };
}

/** The job that this browser knows, if it is there and went well; else one that is ordered. */
async function ready(name: string, model: string, voice: Voice): Promise<Job> {
  const kept = keptOf(name);
  const known = kept === undefined ? undefined : await found(kept.job);
  if (known !== undefined) return known;
  const turn = kept === undefined ? 0 : kept.turn + 1;
  const job = await postJob(
    {
      kind: "speech",
      model,
      input: { text: sampleSentence(voice.language) },
      options: { voice: voice.id },
      priority: "low",
      labels: { harmony: "voice-sample" },
    },
    `voice-sample-${name}-${turn}`,
  );
  keep(name, { job: job.id, turn });
  return job;
}

/** A job that has a sample or is about to have one. */
async function found(id: string): Promise<Job | undefined> {
  try {
    const job = await dataOf(api.GET("/v1/jobs/{job_id}", { params: { path: { job_id: id } } }));
    const useless = hasEnded(job.status) && (job.result?.artifacts ?? []).length === 0;
    return useless ? undefined : job;
  } catch (problem) {
    if (problem instanceof ApiProblem && problem.status === 404) return undefined;
    throw problem;
  }
}
