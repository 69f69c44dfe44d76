import { useEffect, useEffectEvent } from "react";

/** The key that a second one follows. */
const LEADER = "g";

/** Milliseconds within which two keys are one command. */
const TOGETHER = 1000;

/** Whether a key press belongs to what somebody types in. */
function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
}

/**
 * Keys of the page: `{"/": …, "j": …, "g j": …, "mod+k": …}`; two keys with a space are pressed one after the other
 * within a second. They are left alone while somebody types (`mod+…` are not) and while a dialog or a menu is open.
 */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  const press = useEffectEvent((event: KeyboardEvent, before: string): boolean => {
    const mod = event.ctrlKey || event.metaKey;
    const name = mod ? `mod+${event.key.toLowerCase()}` : event.key;
    // What follows a leader belongs to it: “g j” is no “j”, also for who does not know “g j”.
    const action = before === LEADER && !mod ? keys[`${LEADER} ${name}`] : keys[name];
    if (action === undefined) return false;
    if (!mod && (isTyping(event) || event.altKey)) return false;
    if (document.querySelector('[role="dialog"],[role="alertdialog"],[role="menu"]') !== null && !mod)
      return false;
    event.preventDefault();
    action(event);
    return true;
  });
  useEffect(() => {
    let before = "";
    let at = 0;
    const listen = (event: KeyboardEvent): void => {
      if (event.defaultPrevented) return;
      // By when the keys were pressed, not by when a busy page came to them.
      const done = press(event, event.timeStamp - at < TOGETHER ? before : "");
      before = done || isTyping(event) ? "" : event.key;
      at = event.timeStamp;
    };
    window.addEventListener("keydown", listen);
    return () => window.removeEventListener("keydown", listen);
  }, []);
}
