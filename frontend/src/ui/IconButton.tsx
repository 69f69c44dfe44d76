import type { ComponentProps } from "react";
import { cx } from "./cx";
import { Tip } from "./Tip";

interface Props extends ComponentProps<"button"> {
  /** What it does, in words: read out, and shown when the pointer rests on it. */
  label: string;
  small?: boolean;
}

/** A button that is only a picture. */
export function IconButton({ label, small, className, ...rest }: Props) {
  return (
    <Tip text={label}>
      <button
        type="button"
        aria-label={label}
        {...rest}
        className={cx(
          "inline-flex shrink-0 items-center justify-center rounded-md text-muted transition-colors hover:bg-sunken hover:text-ink",
          "disabled:cursor-not-allowed disabled:opacity-50 [&_svg]:size-4",
          small === true ? "size-7" : "size-9",
          className,
        )}
      />
    </Tip>
  );
}
