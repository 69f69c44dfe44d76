import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { cx } from "./cx";
import { IconButton } from "./IconButton";

interface Props {
  open: boolean;
  onOpenChange: (open: boolean) => void;
  title: ReactNode;
  /** What it is about; read out with the title. */
  description?: ReactNode;
  wide?: boolean;
  children?: ReactNode;
  /** Buttons, the main one last. */
  actions?: ReactNode;
}

/** A window over the page; Escape and a press beside it close it, and focus returns to where it was. */
export function Dialog({ open, onOpenChange, title, description, wide, children, actions }: Props) {
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 bg-shade" />
        <Radix.Content
          {...(description === undefined ? { "aria-describedby": undefined } : {})}
          onOpenAutoFocus={focusWindow}
          className={cx(
            "fixed top-[12vh] left-1/2 z-40 flex max-h-[80vh] w-[calc(100vw-2rem)] -translate-x-1/2 flex-col gap-4 rounded-lg border bg-raised p-5 shadow-raised outline-none",
            wide === true ? "max-w-3xl" : "max-w-md",
          )}
        >
          <div className="flex items-start justify-between gap-4">
            <Radix.Title className="text-lg font-semibold">{title}</Radix.Title>
            <Radix.Close asChild>
              <IconButton label="Close" small className="-mt-1 -mr-1">
                <X aria-hidden />
              </IconButton>
            </Radix.Close>
          </div>
          {description !== undefined && (
            <Radix.Description className="-mt-2 text-sm text-muted">{description}</Radix.Description>
          )}
          {children !== undefined && <div className="min-h-0 overflow-y-auto">{children}</div>}
          {actions !== undefined && <div className="flex flex-wrap justify-end gap-2">{actions}</div>}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** The window itself, or the field that asks for it: on the cross, which comes first, its tip would pop up. */
function focusWindow(event: Event): void {
  const opened = event.currentTarget;
  if (!(opened instanceof HTMLElement)) return;
  event.preventDefault();
  (opened.querySelector<HTMLElement>("[data-autofocus]") ?? opened).focus();
}
