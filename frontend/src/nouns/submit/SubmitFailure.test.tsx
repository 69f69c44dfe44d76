import { act, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ApiProblem } from "@/api/problem";
import { SubmitFailure } from "./SubmitFailure";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("the time after which there is room again is counted down, then the job can be sent again", () => {
  const again = vi.fn();
  const full = new ApiProblem(429, { title: "Too many jobs wait", request_id: "r1" }, 3);
  render(<SubmitFailure error={full} onRetry={again} />);
  expect(screen.getByRole("alert").textContent).toContain("Too many jobs wait");
  expect(screen.getByRole("button").textContent).toBe("Try again in 3.0 s");
  expect(screen.getByRole("button")).toHaveProperty("disabled", true);
  act(() => void vi.advanceTimersByTime(2000));
  expect(screen.getByRole("button").textContent).toBe("Try again in 1.0 s");
  act(() => void vi.advanceTimersByTime(1500));
  screen.getByRole("button", { name: "Try again" }).click();
  expect(again).toHaveBeenCalledOnce();
});

test("what is wrong with the request itself is not sent again", () => {
  render(<SubmitFailure error={new ApiProblem(422, { title: "Refused" })} onRetry={() => undefined} />);
  expect(screen.queryByRole("button")).toBeNull();
});
