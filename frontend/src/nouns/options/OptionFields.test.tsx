import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { useState } from "react";
import { expect, test } from "vitest";
import type { Model } from "@/api/types";
import { TipArea } from "@/ui/Tip";
import { OptionFields } from "./OptionFields";
import { optionsOf, type OptionValues } from "./spec";

const model = {
  options: {
    speech: {
      speed: { type: "number", description: "Pace.", default: 1, minimum: 0.5, maximum: 2, choices: [] },
      style: { type: "string", description: "Mood.", default: "calm", choices: ["calm", "glad"] },
      trim: { type: "boolean", description: "Cut silence.", default: false, choices: [] },
      prompt: { type: "string", description: "Said before.", max_length: 2000, choices: [] },
    },
  },
} as unknown as Model;

function Form({ told }: { told: (values: OptionValues) => void }) {
  const [values, setValues] = useState<OptionValues>({});
  return (
    <TipArea>
      <OptionFields
        specs={optionsOf(model, "speech")}
        values={values}
        onChange={(next) => {
          setValues(next);
          told(next);
        }}
        errors={{ prompt: "Is not in this language." }}
      />
    </TipArea>
  );
}

test("each option of the catalog gets the control of its type, with its bounds, default and words", async () => {
  const user = userEvent.setup();
  let values: OptionValues = {};
  render(<Form told={(next) => (values = next)} />);
  const speed = screen.getByRole("spinbutton", { name: "Speed" });
  expect(speed).toHaveProperty("value", "1");
  expect(screen.getByRole("slider", { name: "Speed" })).toHaveProperty("max", "2");
  expect(screen.getByRole("checkbox", { name: "Trim" })).toHaveProperty("checked", false);
  expect(screen.getByText("Is not in this language.")).toBeTruthy();

  await user.selectOptions(screen.getByRole("combobox", { name: "Style" }), "glad");
  await user.click(screen.getByRole("checkbox", { name: "Trim" }));
  await user.clear(speed);
  await user.type(speed, "3");
  expect(values).toEqual({ style: "glad", trim: true, speed: 3 });
  expect(screen.getByText("At most 2.")).toBeTruthy();

  await user.click(screen.getByRole("button", { name: "Speed: back to the default" }));
  expect(values).toEqual({ style: "glad", trim: true });
});
