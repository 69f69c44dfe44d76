import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Seek } from "./Seek";

const props = {
  label: "speech",
  time: 3,
  seconds: 12,
  height: 64,
  regions: [],
  words: [],
  onSeek: vi.fn(),
  onToggle: vi.fn(),
};

test("without a waveform there is a rail that shows the place", () => {
  const { container, rerender } = render(<Seek {...props} />);
  expect(container.querySelector("[data-rail] > span")?.getAttribute("style")).toContain("25%");
  rerender(<Seek {...props}>waveform</Seek>);
  expect(container.querySelector("[data-rail]")).toBeNull();
});

test("it is a slider that says where it is, and takes the keys of one", () => {
  render(<Seek {...props} />);
  const slider = screen.getByRole("slider", { name: "Position in speech" });
  expect(slider.getAttribute("aria-valuetext")).toBe("0:03.0 of 0:12.0");
  fireEvent.keyDown(slider, { key: "ArrowRight" });
  expect(props.onSeek).toHaveBeenLastCalledWith(8);
  fireEvent.keyDown(slider, { key: " " });
  expect(props.onToggle).toHaveBeenCalledOnce();
});
