import { duration } from "@/lib/time";

const CLOCK = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  fractionalSecondDigits: 3,
});
const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** Date and time to the millisecond. */
export function exactClock(at: string | number): string {
  return `${DAY.format(new Date(at))}, ${clockTime(at)}`;
}

/** The time of day to the millisecond. */
export function clockTime(at: string | number): string {
  return CLOCK.format(new Date(at));
}

/** “+3.4 s”. */
export function sinceStart(start: string, at: string): string {
  return `+${duration(Math.max(0, Date.parse(at) - Date.parse(start)) / 1000)}`;
}
