import { expect, test } from "vitest";
import { ApiProblem } from "@/api/problem";
import { parseLabels, writeLabels } from "./labels";
import { fieldProblems, notAtAField, under } from "./problem";

test("labels are read and written", () => {
  expect(parseLabels(" project:demo, at:12:30 ,")).toEqual({ project: "demo", at: "12:30" });
  expect(parseLabels(writeLabels({ a: "1", b: "x y" }))).toEqual({ a: "1", b: "x y" });
  expect(parseLabels("")).toEqual({});
});

test.each(["demo", ":x", "a:", "-a:x", `${"a".repeat(65)}:x`])("%s is no label", (text) => {
  expect(parseLabels(text)).toEqual(expect.any(String));
});

const refused = new ApiProblem(422, {
  title: "The request cannot be accepted",
  errors: [
    { field: "options.speed", message: "must be at most 2" },
    { field: "input.text", message: "is empty" },
  ],
});

test("what the server says of a field is put at that field", () => {
  expect(fieldProblems(refused)).toEqual({
    "options.speed": "Must be at most 2.",
    "input.text": "Is empty.",
  });
  expect(under("options", fieldProblems(refused))).toEqual({ speed: "Must be at most 2." });
  expect(notAtAField(refused, () => true)).toBeNull();
  expect(notAtAField(refused, (field) => field === "input.text")).toBe(refused);
  expect(notAtAField(new ApiProblem(503, {}), () => true)).not.toBeNull();
});
