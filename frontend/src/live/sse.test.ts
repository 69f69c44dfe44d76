import { expect, test } from "vitest";
import { EventReader } from "@/live/sse";

test("messages are read however the pieces are cut", () => {
  const text = 'retry: 3000\n\n: heartbeat\n\nid: 7\nevent: x\ndata: {"a":1}\n\nid: 8\ndata: b\ndata: c\n\n';
  for (let size = 1; size <= text.length; size += 1) {
    const reader = new EventReader();
    const found = [];
    for (let at = 0; at < text.length; at += size) found.push(...reader.push(text.slice(at, at + size)));
    expect(found).toEqual([
      { id: "7", data: '{"a":1}' },
      { id: "8", data: "b\nc" },
    ]);
  }
});

test("a message that is not complete is not told", () => {
  expect(new EventReader().push("id: 1\ndata: x\n")).toEqual([]);
});
