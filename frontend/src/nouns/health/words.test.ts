import { expect, test } from "vitest";
import { checksOf } from "./words";

test("what is wrong comes first, with what to do", () => {
  const checks = checksOf({
    database: "ok",
    broker: "the dispatcher does not reach it",
    "queue:cpu": "no live slot",
    artifacts: "storage_unavailable",
  });
  expect(checks.map((check) => check.id)).toEqual(["broker", "queue:cpu", "artifacts", "database"]);
  expect(checks[1]).toMatchObject({ name: "Workers of cpu", wrong: "no worker is alive" });
  expect(checks[1]?.remedy).toContain("python -m workers.slot --queue cpu");
  expect(checks[2]?.wrong).toBe("does not answer");
  expect(checks[3]).toEqual({
    id: "database",
    name: "Database",
    about: "Holds every job, step and event",
    fine: true,
  });
});

test("a check that is new is shown as it is", () => {
  expect(checksOf({ mill: "stands still" })[0]).toMatchObject({ name: "mill", wrong: "stands still" });
});

test("without a dispatcher nobody knows of the broker, and nobody is sent to mend it", () => {
  const [dispatcher, broker] = checksOf({
    dispatcher: "no dispatcher has written in the last seconds",
    broker: "the dispatcher does not reach it",
  });
  expect(dispatcher?.wrong).toBe("none is at work");
  expect(broker?.wrong).toBe("not known");
  expect(checksOf({ dispatcher: "ok", broker: "the dispatcher does not reach it" })[0]).toMatchObject({
    id: "broker",
    wrong: "not reached",
  });
});
