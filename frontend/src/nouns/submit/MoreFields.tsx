import type { Job } from "@/api/types";
import { Field, Input, Select } from "@/ui/Field";
import { isPriority, PRIORITIES } from "./submit";

const WORDS: Record<Job["priority"], string> = {
  high: "High: before the others",
  normal: "Normal",
  low: "Low: after the others",
  deferrable: "Deferrable: when nothing else waits",
};

export interface More {
  priority: Job["priority"];
  /** As it is written: `name:value`, several with commas between. */
  labels: string;
}

export const NO_MORE: More = { priority: "normal", labels: "" };

/** What every job can be given beside its own options. */
export function MoreFields({
  value,
  onChange,
  errors,
}: {
  value: More;
  onChange: (value: More) => void;
  /** By `priority` and `labels`. */
  errors: { priority?: string | undefined; labels?: string | undefined };
}) {
  return (
    <div className="grid gap-x-6 gap-y-4 sm:grid-cols-2">
      <Field label="Priority" hint="Which of the waiting jobs goes first." error={errors.priority}>
        {(wiring) => (
          <Select
            {...wiring}
            value={value.priority}
            onChange={({ target }) => {
              if (isPriority(target.value)) onChange({ ...value, priority: target.value });
            }}
          >
            {PRIORITIES.map((priority) => (
              <option key={priority} value={priority}>
                {WORDS[priority]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field
        label="Labels"
        hint="To find it again: name:value, several with commas between."
        error={errors.labels}
      >
        {(wiring) => (
          <Input
            {...wiring}
            placeholder="project:demo"
            value={value.labels}
            onChange={({ target }) => onChange({ ...value, labels: target.value })}
          />
        )}
      </Field>
    </div>
  );
}
