import { useEffect, useState } from "react";
import { useToast } from "@/ui/toast";

/** Puts text on the clipboard: whether that was done in the last two seconds, and how to do it; false if refused. */
export function useCopy(): readonly [boolean, (text: string) => Promise<boolean>] {
  const [done, setDone] = useState(false);
  const toast = useToast();
  useEffect(() => {
    if (!done) return;
    const timer = window.setTimeout(() => setDone(false), 2000);
    return () => window.clearTimeout(timer);
  }, [done]);
  const copy = async (text: string): Promise<boolean> => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      return true;
    } catch {
      toast({
        tone: "bad",
        title: "The browser does not let this page use the clipboard",
        detail: "Select the text and copy it by hand.",
      });
      return false;
    }
  };
  return [done, copy];
}
