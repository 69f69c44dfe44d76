import { expect, test } from "vitest";
import { nearby } from "@/nouns/artifact/link";
import { identity, peaksOf } from "./peaks";
import { keyGoal } from "./Seek";

test("the peaks of a recording are the largest values of all its channels in each stretch", () => {
  const channels = [Float32Array.from([0, 0.1, -0.5, 0, 0.2, 0]), Float32Array.from([0, 0, 0, 0, 0, -0.9])];
  const sound = {
    length: 6,
    numberOfChannels: 2,
    getChannelData: (channel: number) => channels[channel] ?? new Float32Array(),
  };
  expect([...peaksOf(sound, 3)].map((value) => value.toFixed(1))).toEqual(["0.1", "0.5", "0.9"]);
  expect(peaksOf(sound, 100)).toHaveLength(6);
});

test("a link with another signature is the same recording, another file is not", () => {
  expect(identity("/v1/artifacts/a/content?signature=1")).toBe(
    identity("/v1/artifacts/a/content?signature=2"),
  );
  expect(identity(new Blob(["a"]))).not.toBe(identity(new Blob(["a"])));
});

test("own links lose the server's public name, those of an object store keep it", () => {
  expect(nearby("http://harmony.example/v1/artifacts/a/content?signature=1")).toBe(
    "/v1/artifacts/a/content?signature=1",
  );
  expect(nearby("https://store.example/bucket/a?X-Amz=1")).toBe("https://store.example/bucket/a?X-Amz=1");
  expect(nearby("/v1/artifacts/a")).toBe("/v1/artifacts/a");
});

test("keys lead through a recording and never out of it", () => {
  expect(keyGoal("ArrowRight", 1, 3)).toBe(3);
  expect(keyGoal("ArrowLeft", 1, 3)).toBe(0);
  expect(keyGoal("End", 1, 3)).toBe(3);
  expect(keyGoal("x", 1, 3)).toBeNull();
});
