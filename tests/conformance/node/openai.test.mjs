// OpenAI's Node SDK against a running stack: HARMONY_URL says where, HARMONY_SPEECH a recording, HARMONY_TONE a quick one.
import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import OpenAI, { APIConnectionTimeoutError, APIError, APIUserAbortError, BadRequestError, NotFoundError, toFile } from "openai";

const { HARMONY_URL, HARMONY_SPEECH, HARMONY_TONE, HARMONY_FILE_BYTES } = process.env;
const client = new OpenAI({ apiKey: "unused", baseURL: `${HARMONY_URL}/v1`, maxRetries: 0, timeout: 120_000 });
const speech = () => createReadStream(HARMONY_SPEECH);
const tone = () => createReadStream(HARMONY_TONE);

const collected = async (stream) => {
  const events = [];
  for await (const event of stream) events.push(event);
  return events;
};

test("models are listed and found", async () => {
  const listed = (await client.models.list()).data.map((model) => model.id);
  assert(["whisper-1", "tts-1", "kokoro"].every((name) => listed.includes(name)), listed.join());
  assert.equal((await client.models.retrieve("whisper-1")).object, "model");
});

test("a transcription is json with usage, and names its job", async () => {
  const { data, response } = await client.audio.transcriptions
    .create({ file: speech(), model: "whisper-1", language: "en" })
    .withResponse();
  assert.deepEqual(Object.keys(data), ["text", "usage"]);
  assert.match(data.text, /John Dashwood/);
  assert.deepEqual(data.usage, { type: "duration", seconds: 7.1 });
  assert.match(response.headers.get("x-job-id"), /^job_/);
});

test("verbose_json has segments and words", async () => {
  const made = await client.audio.transcriptions.create({
    file: await toFile(await readFile(HARMONY_TONE), "tone.wav"),
    model: "tone",
    response_format: "verbose_json",
    timestamp_granularities: ["word", "segment"],
  });
  assert.equal(made.task, "transcribe");
  assert.equal(made.segments.map((segment) => segment.text).join(" "), made.text);
  assert.equal(made.words.length, made.segments.length);
});

for (const [response_format, begins] of [["text", /^\w/], ["srt", /^1\n00:00:00,000 --> /], ["vtt", /^WEBVTT\n/]]) {
  test(`${response_format} is a string`, async () => {
    const made = await client.audio.transcriptions.create({ file: tone(), model: "tone", response_format });
    assert.match(made, begins);
  });
}

test("a stream ends with the whole text and usage", async () => {
  const events = await collected(
    await client.audio.transcriptions.create({ file: speech(), model: "whisper-1", language: "en", stream: true }),
  );
  const done = events.pop();
  assert.equal(done.type, "transcript.text.done");
  assert.equal(events.map((event) => event.delta).join(""), done.text);
  assert.match(done.text, /John Dashwood/);
  assert.equal(done.usage.type, "tokens");
  assert.equal(done.usage.total_tokens, done.usage.input_tokens + done.usage.output_tokens);
});

test("a chunking strategy goes through as an object and by its name", async () => {
  for (const chunking_strategy of ["auto", { type: "server_vad", threshold: 0.5 }]) {
    const { response } = await client.audio.transcriptions
      .create(
        { file: speech(), model: "whisper-1", chunking_strategy, keywords: ["Dashwood"] },
        { headers: { Prefer: "respond-async" } },
      )
      .withResponse();
    assert.equal(response.status, 202);
    const job = await (await fetch(response.headers.get("location"))).json();
    assert.equal(job.request.options.vad_filter, true);
    assert.equal(job.request.options.hotwords, "Dashwood");
    await fetch(job.links.cancel, { method: "POST" });
  }
});

test("a translation", async () => {
  assert.deepEqual(Object.keys(await client.audio.translations.create({ file: tone(), model: "tone" })), ["text"]);
});

test("speech as bytes and as events", async () => {
  const made = await client.audio.speech.create({ model: "tts-1", voice: "alloy", input: "Good morning.", response_format: "wav" });
  assert.equal(made.headers.get("content-type"), "audio/wav");
  assert.equal(Buffer.from(await made.arrayBuffer()).subarray(0, 4).toString(), "RIFF");
  const streamed = await client.audio.speech.create({ model: "tone", voice: "nova", input: "do re", stream_format: "sse" });
  assert.match(await streamed.text(), /"type":"speech\.audio\.done","usage":\{/);
});

test("errors are the SDK's", async () => {
  const create = (fields) => client.audio.transcriptions.create({ file: tone(), model: "tone", ...fields });
  await assert.rejects(create({ response_format: "yaml" }), (error) => {
    assert(error instanceof BadRequestError);
    assert.deepEqual([error.status, error.type, error.param, error.code], [400, "invalid_request_error", "response_format", "invalid_value"]);
    assert(error.requestID);
    return true;
  });
  await assert.rejects(create({ model: "whisper-9" }), NotFoundError);
  await assert.rejects(create({ file: await toFile(Buffer.from(""), "empty.wav") }), { status: 400, param: "file", code: "audio_empty" });
  await assert.rejects(create({ file: await toFile(Buffer.from("no sound"), "notes.wav"), stream: true }), { status: 400, param: "file" });
  const large = await toFile(Buffer.alloc(Number(HARMONY_FILE_BYTES) + 1), "large.wav");
  await assert.rejects(create({ file: large }), (error) => error instanceof APIError && error.status === 413);
});

test("a time-out and an abort are the SDK's", async () => {
  const slow = { model: "tone", voice: "nova", input: "do re mi ".repeat(400) };
  const options = { headers: { "X-Keep-Job": "false" } };
  await assert.rejects(client.audio.speech.create(slow, { ...options, timeout: 1 }), APIConnectionTimeoutError);
  const leaving = new AbortController();
  const asked = client.audio.speech.create(slow, { ...options, signal: leaving.signal });
  leaving.abort();
  await assert.rejects(asked, APIUserAbortError);
});
