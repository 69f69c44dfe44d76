import { QueryClientProvider } from "@tanstack/react-query";
import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { makeQueryClient } from "@/api/query";
import type { Model } from "@/api/types";
import { Weights } from "./Weights";

type Told = Model["weights"];

const pull: NonNullable<Told["pull"]> = {
  status: "running",
  worker: "cpu-1",
  bytes: 512,
  total_bytes: 2048,
  progress: 0.25,
  error: null,
  asked_at: "2026-11-23T08:00:00Z",
  finished_at: null,
};

function show(weights: Partial<Told>): void {
  const all: Told = { needed: true, bytes: 2048, present: false, hosts: [], pull: null, ...weights };
  render(
    <QueryClientProvider client={makeQueryClient()}>
      <Weights model={{ id: "kokoro", weights: all } as Model} />
    </QueryClientProvider>,
  );
}

test("weights that are not there can be fetched", () => {
  show({});
  expect(screen.getByText("Not fetched yet")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Fetch now: the weights of kokoro" })).toBeTruthy();
});

test("while they come it is told how far they are, and nobody is asked twice", () => {
  show({ pull });
  expect(screen.getByRole("progressbar").getAttribute("aria-valuenow")).toBe("25");
  expect(screen.getByText(/512 B of 2.0 KiB/)).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});

test("what went wrong is told, and can be tried again", () => {
  const error = {
    type: "urn:x",
    title: "No",
    status: 502,
    code: "download_failed",
    detail: "The index does not have it.",
    cause: null,
    errors: null,
    request_id: null,
    workers: null,
  };
  show({ pull: { ...pull, status: "failed", error } });
  expect(screen.getByText("The index does not have it.")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Try again: the weights of kokoro" })).toBeTruthy();
});

test("weights that are there need nothing", () => {
  show({ present: true });
  expect(screen.getByText("Present")).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});
