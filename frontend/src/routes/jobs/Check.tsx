import { Check as Mark, Minus } from "lucide-react";
import type { MouseEvent } from "react";
import { cx } from "@/ui/cx";

/**
 * A box to tick. A button, not an input: the keys of the page work while it has the focus, and its click tells of the
 * shift key.
 */
export function Check({
  checked,
  label,
  onToggle,
  className,
}: {
  checked: boolean | "mixed";
  label: string;
  onToggle: (event: MouseEvent) => void;
  className?: string;
}) {
  return (
    <button
      type="button"
      role="checkbox"
      aria-checked={checked}
      aria-label={label}
      onClick={onToggle}
      className={cx("group inline-flex size-6 items-center justify-center", className)}
    >
      <span
        className={cx(
          "inline-flex size-4 items-center justify-center rounded-sm border [&_svg]:size-3",
          checked === false
            ? "border-line-strong bg-surface group-hover:border-accent"
            : "border-accent bg-accent text-on-accent",
        )}
      >
        {checked === true && <Mark strokeWidth={3} aria-hidden />}
        {checked === "mixed" && <Minus strokeWidth={3} aria-hidden />}
      </span>
    </button>
  );
}
