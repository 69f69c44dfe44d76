import type { Ref } from "react";
import { number } from "@/lib/numbers";
import { cx } from "@/ui/cx";
import { Field, Textarea } from "@/ui/Field";
import { characters } from "./draft";

/** What is to be spoken, counted as the server counts. */
export function TextField({
  value,
  onChange,
  limit,
  error,
  ref,
}: {
  value: string;
  onChange: (text: string) => void;
  limit: number | undefined;
  error: string | undefined;
  ref: Ref<HTMLTextAreaElement>;
}) {
  const count = characters(value);
  const over = limit !== undefined && count > limit;
  return (
    <div className="relative">
      <Field label="Text" error={error} hint="Ctrl + Enter speaks it.">
        {(wiring) => (
          <Textarea
            {...wiring}
            ref={ref}
            data-main-field
            rows={6}
            placeholder="Type or paste what is to be spoken."
            value={value}
            onChange={(event) => onChange(event.target.value)}
            className="max-h-96 min-h-36 resize-y text-base"
          />
        )}
      </Field>
      <p
        className={cx(
          "absolute top-0 right-0 text-xs leading-5 tabular-nums",
          over ? "text-bad" : "text-muted",
        )}
      >
        <span className="sr-only">Characters: </span>
        {number(count)}
        {limit !== undefined && ` / ${number(limit)}`}
      </p>
    </div>
  );
}
