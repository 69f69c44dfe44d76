import type { Job, Problem } from "@/api/types";

/** What happened, and what to do about it: two sentences. */
export interface Advice {
  what: string;
  todo: string;
}

const OTHER_FILE =
  "Send another file: WAV, FLAC, MP3, Opus, AAC and the sound of MP4 and WebM are understood.";
const OPERATOR = "Whoever runs this server must mend it: the detail says what is missing. Then retry.";
const PASSING = "It was tried 7 times with growing pauses. Look at System for what is down, then retry.";
const REPORT = "The worker’s log says where. Retry once; if it fails again, change the request.";

/** By the codes of docs/problems.md, “Jobs that fail”, whose table a test compares with this one. */
export const ADVICE: Readonly<Record<string, Advice>> = {
  audio_undecodable: {
    what: "The recording could not be decoded.",
    todo: `Nothing was heard in it. ${OTHER_FILE}`,
  },
  audio_empty: {
    what: "The recording is empty.",
    todo: "Record or choose it again, and look that it has a length.",
  },
  audio_too_long: {
    what: "The recording is too long.",
    todo: "Cut it into pieces; the detail names the limit.",
  },
  audio_too_short: {
    what: "The recording is too short.",
    todo: "Send a longer one; the detail names the least.",
  },
  audio_silent: {
    what: "The recording is silent.",
    todo: "Look at the microphone or the volume, and record again.",
  },
  audio_no_speech: {
    what: "Nobody speaks in the recording.",
    todo: "Send one with a voice in it, close to the microphone and without music.",
  },
  reference_too_short: {
    what: "There is too little of the voice in the recording.",
    todo: "Record more of it, ten seconds or so; the detail names the least.",
  },
  reference_too_long: {
    what: "The recording of the voice is too long.",
    todo: "Cut it: ten seconds to a minute are plenty; the detail names the most.",
  },
  reference_silent: {
    what: "The recording of the voice is silent.",
    todo: "Look at the microphone or the volume, and record again.",
  },
  reference_no_speech: {
    what: "Nobody speaks in the recording of the voice.",
    todo: "Send one with a voice in it, close to the microphone and without music.",
  },
  reference_clipped: {
    what: "The recording of the voice is overdriven.",
    todo: "Turn the level down, so that loud words are not cut off, and record again.",
  },
  reference_several_speakers: {
    what: "Several people speak in the recording of the voice.",
    todo: "Send a recording, or cut out a part, in which one person speaks alone.",
  },
  embedding_mismatch: {
    what: "The embedding is of another kind than the model takes.",
    todo: "Make it with the model that shall use it, or send the recording instead.",
  },
  unknown_style: {
    what: "The voice has no such style.",
    todo: "Choose one of those that the detail names.",
  },
  voice_deleted: {
    what: "The saved voice was deleted meanwhile.",
    todo: "Choose another voice, or save it again, and submit the job anew.",
  },
  invalid_setting: { what: "The model is set up wrongly.", todo: OPERATOR },
  weights_config: { what: "The model’s configuration cannot be read.", todo: OPERATOR },
  weights_mismatch: { what: "The model’s files are not of this model.", todo: OPERATOR },
  weights_missing: { what: "The model’s files are not there.", todo: OPERATOR },
  weights_offline: {
    what: "The model’s files are not on this machine, which fetches nothing.",
    todo: OPERATOR,
  },
  audio_no_stream: { what: "The file has no sound in it.", todo: OTHER_FILE },
  decode_limit: {
    what: "The file asks for more than decoding may take.",
    todo: "Save it anew with fewer channels, a lower sample rate or a shorter length, and send that.",
  },
  text_not_speakable: {
    what: "There is nothing in the text that can be spoken.",
    todo: "Write words rather than signs, in a language that the model speaks.",
  },
  missing_dependency: { what: "A package that the model needs is not installed.", todo: OPERATOR },
  model_too_large: {
    what: "The model does not fit into the worker’s memory.",
    todo: "Take a smaller model, or give the worker more memory.",
  },
  weights_corrupt: { what: "The model’s files are damaged.", todo: OPERATOR },
  storage_misconfigured: { what: "The storage for audio is set up wrongly.", todo: OPERATOR },
  engine_error: { what: "The model met an error.", todo: REPORT },
  engine_refused: {
    what: "The model refused the request.",
    todo: "The detail says why: change the text, the voice or the options, and run it again.",
  },
  internal_error: { what: "Harmony itself made a mistake.", todo: REPORT },
  artifact_missing: {
    what: "Audio that this job needs is gone from the storage.",
    todo: "Submit it anew with the recording itself.",
  },
  weights_unavailable: { what: "The model’s files could not be fetched.", todo: PASSING },
  storage_unavailable: { what: "The storage for audio did not answer.", todo: PASSING },
  storage_refused: { what: "The storage for audio refused.", todo: PASSING },
  artifact_corrupt: { what: "Audio came out of the storage damaged.", todo: PASSING },
  engine_failed: { what: "The model failed in passing.", todo: PASSING },
  media_io: { what: "Audio could not be read or written.", todo: PASSING },
  media_helper: { what: "The helper that decodes audio failed.", todo: PASSING },
  disk_full: { what: "The worker’s disk is full.", todo: "Make room on it, then retry." },
  disk_failed: { what: "The worker’s disk failed.", todo: "Look at the machine, then retry." },
  dependency_unavailable: { what: "A service that the worker needs did not answer.", todo: PASSING },
  database_unavailable: { what: "The database did not answer.", todo: PASSING },
  out_of_memory: {
    what: "The worker ran out of memory.",
    todo: "Take a smaller model or a shorter input, or give the worker more memory; then retry.",
  },
  step_timeout: {
    what: "A step took longer than it may, twice.",
    todo: "Send a shorter input or take a faster model; the limit follows from both.",
  },
  worker_lost: {
    what: "Three workers were lost while they worked on it.",
    todo: "Probably this input kills them: change it before it is run again.",
  },
  deadline_exceeded: {
    what: "It had not ended by its deadline.",
    todo: "Run it again with a later deadline or none, or look at System for why it had to wait.",
  },
};

const BY_CAUSE: Record<NonNullable<Problem["cause"]>, Advice> = {
  permanent: { what: "It cannot be done as it was asked.", todo: "Change the request, and run it again." },
  transient: { what: "Something that it needs did not answer.", todo: PASSING },
  resource: { what: "The worker had too little of something.", todo: "Make room, then retry." },
  timeout: { what: "It took longer than it may.", todo: "Send less at once, or take a faster model." },
  lost: { what: "The worker was lost.", todo: "Look at System, then retry." },
};

/** For a failed or expired job's error; codes of a newer server get an answer by their cause. */
export function adviceFor(error: Pick<Problem, "code" | "cause" | "title">): Advice {
  const known = ADVICE[error.code] ?? (error.cause === null ? undefined : BY_CAUSE[error.cause]);
  return (
    known ?? {
      what: `${error.title}.`.replace(/\.\.$/, "."),
      todo: "Read the detail, then retry or change it.",
    }
  );
}

/**
 * Whether what the job took and made is no longer kept. `now` in milliseconds. A job that has just succeeded has no
 * result for a moment: events tell of its end before its document is read again.
 */
export function isRemoved(job: Pick<Job, "status" | "expires_at" | "result">, now: number): boolean {
  if (job.status === "succeeded" && job.result !== null && job.result.artifacts.length === 0) return true;
  return job.expires_at !== null && Date.parse(job.expires_at) < now;
}
