import type { ReactNode } from "react";
import { Tip } from "@/ui/Tip";

/** A word with its explanation, for the pointer and the keyboard. */
export function Term({ help, children }: { help: ReactNode; children: ReactNode }) {
  return (
    <Tip text={help}>
      <span
        tabIndex={0}
        className="cursor-help underline decoration-line-strong decoration-dotted underline-offset-3"
      >
        {children}
      </span>
    </Tip>
  );
}
