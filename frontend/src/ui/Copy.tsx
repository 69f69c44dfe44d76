import { Check, Copy as CopyIcon } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "./Button";
import { useToast } from "./toast";

/** Puts text on the clipboard and says that it did. */
export function CopyButton({
  text,
  label = "Copy",
  small = true,
}: {
  text: string;
  label?: string;
  small?: boolean;
}) {
  const [done, setDone] = useState(false);
  const toast = useToast();
  useEffect(() => {
    if (!done) return;
    const timer = window.setTimeout(() => setDone(false), 2000);
    return () => window.clearTimeout(timer);
  }, [done]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
    } catch {
      toast({ tone: "bad", title: "The browser does not let this page use the clipboard" });
    }
  };
  return (
    <Button
      look="quiet"
      small={small}
      onClick={copy}
      icon={done ? <Check aria-hidden /> : <CopyIcon aria-hidden />}
    >
      {done ? "Copied" : label}
    </Button>
  );
}

/** Code that can be copied as it stands. */
export function Code({ text, label }: { text: string; label: string }) {
  return (
    <div className="relative rounded-lg border bg-sunken">
      <div className="absolute top-1 right-1">
        <CopyButton text={text} />
      </div>
      <pre
        tabIndex={0}
        aria-label={label}
        className="max-h-96 overflow-auto p-3 pr-24 font-mono text-xs leading-5"
      >
        {text}
      </pre>
    </div>
  );
}
