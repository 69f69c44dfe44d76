import { LoaderCircle } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { cx } from "./cx";

type Look = "primary" | "plain" | "quiet" | "danger";

const LOOKS: Record<Look, string> = {
  primary: "bg-accent text-on-accent border-transparent hover:bg-accent-strong",
  plain: "bg-surface text-ink border-line hover:border-line-strong",
  quiet: "bg-transparent text-muted border-transparent hover:bg-sunken hover:text-ink",
  danger: "bg-surface text-bad border-line hover:border-bad hover:bg-bad-soft",
};

interface Props extends ComponentProps<"button"> {
  look?: Look;
  small?: boolean;
  /** Shows that it is at work; it cannot be pressed meanwhile. */
  busy?: boolean;
  icon?: ReactNode;
}

/** A button with words. */
export function Button({ look = "plain", small, busy, icon, children, className, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      disabled={rest.disabled === true || busy === true}
      aria-busy={busy}
      className={cx(buttonClass(look, small), className)}
    >
      {busy === true ? <LoaderCircle className="size-4 animate-spin" aria-hidden /> : icon}
      {children}
    </button>
  );
}

/** How a button looks, for links that look like one. */
export function buttonClass(look: Look = "plain", small = false): string {
  return cx(
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md border font-medium whitespace-nowrap transition-colors",
    "disabled:cursor-not-allowed disabled:opacity-55 [&_svg]:size-4 [&_svg]:shrink-0",
    small ? "h-7 px-2 text-xs" : "h-9 px-3 text-sm",
    LOOKS[look],
  );
}
