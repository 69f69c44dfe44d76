import { useState, type ReactNode, type SyntheticEvent } from "react";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Field, Input } from "@/ui/Field";

interface Asked {
  name: string;
  hint?: ReactNode;
  value?: string;
}

/** A small window that asks for a few words; all of its fields must be filled. */
export function AskText({
  title,
  description,
  fields,
  done = "Show",
  onClose,
  onDone,
}: {
  title: string;
  description?: string;
  fields: readonly Asked[];
  done?: string;
  onClose: () => void;
  onDone: (values: string[]) => void;
}) {
  const [values, setValues] = useState(() => fields.map((field) => field.value ?? ""));
  const missing = values.some((value) => value.trim() === "");
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault();
    if (missing) return;
    onDone(values.map((value) => value.trim()));
    onClose();
  };
  return (
    <Dialog open onOpenChange={onClose} title={title} {...(description !== undefined && { description })}>
      <form onSubmit={submit} className="flex flex-col gap-3 p-0.5">
        {fields.map((field, place) => (
          <Field key={field.name} label={field.name} hint={field.hint}>
            {(wiring) => (
              <Input
                {...wiring}
                maxLength={256}
                value={values[place] ?? ""}
                onChange={(event) =>
                  setValues(values.map((value, each) => (each === place ? event.target.value : value)))
                }
              />
            )}
          </Field>
        ))}
        <div className="flex justify-end">
          <Button type="submit" look="primary" disabled={missing}>
            {done}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
