import { Toast as Radix } from "radix-ui";
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
import { asProblem } from "@/api/problem";
import { cx } from "./cx";

export interface ToastMessage {
  title: ReactNode;
  detail?: ReactNode;
  tone?: "good" | "bad";
  /** One thing to do about it. */
  action?: { label: string; onSelect: () => void };
}

const ToastContext = createContext<(message: ToastMessage) => void>(() => undefined);

/** Says something at the edge of the page for a few seconds. */
export function useToast(): (message: ToastMessage) => void {
  return useContext(ToastContext);
}

/** Says what went wrong with something that was asked for. */
export function useFailureToast(): (what: string) => (error: unknown) => void {
  const toast = useToast();
  return useCallback(
    (what) => (error) => toast({ tone: "bad", title: what, detail: asProblem(error).message }),
    [toast],
  );
}

export function ToastArea({ children }: { children: ReactNode }) {
  const [messages, setMessages] = useState<(ToastMessage & { id: number })[]>([]);
  const say = useCallback((message: ToastMessage) => {
    // At most four: who gets more than that at once reads none of them.
    setMessages((before) => [...before.slice(-3), { ...message, id: Date.now() + Math.random() }]);
  }, []);
  const gone = useMemo(
    () => (id: number) => setMessages((before) => before.filter((each) => each.id !== id)),
    [],
  );
  return (
    <ToastContext value={say}>
      <Radix.Provider duration={6000} swipeDirection="right" label="Message">
        {children}
        {messages.map((message) => (
          <Radix.Root
            key={message.id}
            onOpenChange={(open) => {
              if (!open) gone(message.id);
            }}
            className={cx(
              "flex items-start gap-3 rounded-lg border border-l-4 bg-raised p-3 text-sm shadow-raised",
              message.tone === "bad" ? "border-l-bad" : "border-l-accent",
            )}
          >
            <div className="min-w-0 flex-1">
              <Radix.Title className="font-medium">{message.title}</Radix.Title>
              {message.detail !== undefined && (
                <Radix.Description className="wrap-break-word text-muted">{message.detail}</Radix.Description>
              )}
            </div>
            {message.action !== undefined && (
              <Radix.Action
                altText={message.action.label}
                onClick={message.action.onSelect}
                className="shrink-0 font-medium text-accent hover:underline"
              >
                {message.action.label}
              </Radix.Action>
            )}
          </Radix.Root>
        ))}
        <Radix.Viewport className="fixed right-0 bottom-0 z-50 flex w-96 max-w-full flex-col gap-2 p-4" />
      </Radix.Provider>
    </ToastContext>
  );
}
