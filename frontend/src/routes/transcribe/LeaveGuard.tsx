import { useBlocker } from "@tanstack/react-router";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";

/** Asks before the page is left with something on it that is nowhere else. */
export function LeaveGuard({ unsaved }: { unsaved: string | null }) {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => unsaved !== null && current.pathname !== next.pathname,
    enableBeforeUnload: () => unsaved !== null,
    withResolver: true,
  });
  const blocked = blocker.status === "blocked";
  return (
    <Dialog
      open={blocked}
      onOpenChange={(open) => {
        if (!open) blocker.reset?.();
      }}
      title="Leave this page?"
      description={unsaved ?? ""}
      actions={
        <>
          <Button onClick={() => blocker.proceed?.()} look="danger">
            Leave
          </Button>
          <Button onClick={() => blocker.reset?.()} look="primary">
            Stay
          </Button>
        </>
      }
    />
  );
}
