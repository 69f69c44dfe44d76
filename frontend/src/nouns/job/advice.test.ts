import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { Problem } from "@/api/types";
import { ADVICE, adviceFor, isRemoved } from "./advice";

const document = readFileSync(`${process.cwd()}/../docs/problems.md`, "utf8");

function documented(): string[] {
  const failing = document.split("## Jobs that fail")[1] ?? "";
  const rows = failing.split("\n").filter((line) => line.startsWith("| `"));
  const codes = rows.flatMap((row) =>
    [...(row.split("|")[2] ?? "").matchAll(/`(\w+)`/g)].map((match) => match[1] ?? ""),
  );
  return [...codes, "deadline_exceeded"];
}

test("every documented code of a failed job has advice, and no other has", () => {
  expect(documented().length).toBeGreaterThan(20);
  expect(Object.keys(ADVICE).sort()).toEqual(documented().sort());
});

test("advice is sentences", () => {
  for (const { what, todo } of Object.values(ADVICE)) {
    expect(what).toMatch(/^[A-Z].*\.$/);
    expect(todo).toMatch(/^[A-Z].*\.$/);
  }
});

test("a code of a newer server is answered by its cause, and without one by its title", () => {
  const error = { code: "new_code", title: "Something new" };
  expect(adviceFor({ ...error, cause: "timeout" }).what).toBe("It took longer than it may.");
  expect(adviceFor({ ...error, cause: null } satisfies Partial<Problem>).what).toBe("Something new.");
});

test("results are removed when their time is over, or when nothing is left of a success", () => {
  const at = (expires_at: string | null, artifacts: number) =>
    isRemoved(
      {
        status: "succeeded",
        expires_at,
        result: { artifacts: Array.from({ length: artifacts }, () => ({}) as never) },
      },
      Date.parse("2026-01-02T00:00:00Z"),
    );
  expect(at("2026-01-03T00:00:00Z", 1)).toBe(false);
  expect(at("2026-01-01T00:00:00Z", 1)).toBe(true);
  expect(at("2026-01-03T00:00:00Z", 0)).toBe(true);
  expect(at(null, 1)).toBe(false);
  const ended = { status: "succeeded", expires_at: null, result: null } as const;
  expect(isRemoved(ended, 0), "told of its end, and not read again yet").toBe(false);
});
