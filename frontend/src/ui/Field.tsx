import { useId, type ComponentProps, type ReactNode } from "react";
import { cx } from "./cx";

const BOX =
  "w-full rounded-md border border-line bg-surface px-3 text-sm text-ink placeholder:text-faint hover:border-line-strong aria-invalid:border-bad disabled:opacity-55";

interface Wiring {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": boolean | undefined;
}

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  error?: ReactNode;
  /** The label is read out but not shown. */
  bare?: boolean;
  className?: string;
  /** Draws the control; it must pass these on to it. */
  children: (wiring: Wiring) => ReactNode;
}

/** A control with its label, what to know about it, and what is wrong with it. */
export function Field({ label, hint, error, bare, className, children }: FieldProps) {
  const id = useId();
  const wrong = error !== undefined && error !== null && error !== "";
  const told = wrong || (hint !== undefined && hint !== null);
  return (
    <div className={cx("flex flex-col gap-1", className)}>
      <label htmlFor={id} className={bare === true ? "sr-only" : "text-sm font-medium text-ink"}>
        {label}
      </label>
      {children({
        id,
        "aria-describedby": told ? `${id}-told` : undefined,
        "aria-invalid": wrong || undefined,
      })}
      {told && (
        <p id={`${id}-told`} className={cx("text-xs", wrong ? "text-bad" : "text-muted")}>
          {wrong ? error : hint}
        </p>
      )}
    </div>
  );
}

export function Input({ className, ...rest }: ComponentProps<"input">) {
  return <input {...rest} className={cx(BOX, "h-9", className)} />;
}

export function Textarea({ className, ...rest }: ComponentProps<"textarea">) {
  return <textarea {...rest} className={cx(BOX, "min-h-24 py-2 leading-6", className)} />;
}

/** The browser's own list: the best there is on a telephone, and with a keyboard. */
export function Select({ className, ...rest }: ComponentProps<"select">) {
  return <select {...rest} className={cx(BOX, "h-9 pr-8", className)} />;
}

export function Checkbox({ label, className, ...rest }: ComponentProps<"input"> & { label: ReactNode }) {
  return (
    <label className={cx("inline-flex items-center gap-2 text-sm", className)}>
      <input type="checkbox" {...rest} className="size-4 accent-(--accent)" />
      {label}
    </label>
  );
}
