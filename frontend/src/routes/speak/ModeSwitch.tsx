import { cx } from "@/ui/cx";

/** Whether one speaks, or two are compared. */
export function ModeSwitch({
  compare,
  onChange,
}: {
  compare: boolean;
  onChange: (compare: boolean) => void;
}) {
  const modes = [
    { on: false, label: "One voice" },
    { on: true, label: "Compare two, blind" },
  ];
  return (
    <div
      role="radiogroup"
      aria-label="How many voices"
      className="flex w-fit rounded-md border bg-sunken p-0.5"
    >
      {modes.map(({ on, label }) => (
        <label
          key={label}
          className={cx(
            "cursor-pointer rounded-sm px-3 py-1 text-sm font-medium has-focus-visible:outline-2 has-focus-visible:outline-accent",
            compare === on ? "bg-surface text-ink" : "text-muted hover:text-ink",
          )}
        >
          <input
            type="radio"
            name="mode"
            className="sr-only"
            checked={compare === on}
            onChange={() => onChange(on)}
          />
          {label}
        </label>
      ))}
    </div>
  );
}
