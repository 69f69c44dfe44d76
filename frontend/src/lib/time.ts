/** Times and durations as people read them. */

const MINUTE = 60;
const HOUR = 3600;
const DAY = 86_400;

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "narrow" });

/** Milliseconds since the epoch of an RFC 3339 time. */
export function millis(at: string): number {
  return Date.parse(at);
}

/** Date and time in the reader's own words and zone. */
export function exactTime(at: string | number): string {
  return exact.format(new Date(at));
}

/** The time of day, to the second. */
export function timeOfDay(at: string | number): string {
  return clock.format(new Date(at));
}

/** “12 s ago”, “in 3 min”; what is less than a second away is “now”. */
export function relativeTime(at: string | number, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 1) return "now";
  if (size < MINUTE) return relative.format(Math.trunc(seconds), "second");
  if (size < HOUR) return relative.format(Math.trunc(seconds / MINUTE), "minute");
  if (size < DAY) return relative.format(Math.trunc(seconds / HOUR), "hour");
  return relative.format(Math.trunc(seconds / DAY), "day");
}

/** A duration in seconds: “12 ms”, “3.4 s”, “2 min 5 s”, “1 h 3 min”, “2 d 4 h”. */
export function duration(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < MINUTE) return `${whole} s`;
  if (whole < HOUR) return two(whole, MINUTE, "min", 1, "s");
  if (whole < DAY) return two(whole, HOUR, "h", MINUTE, "min");
  return two(whole, DAY, "d", HOUR, "h");
}

/** A place in a recording: “0:07.3”, “12:03.0”, “1:02:03.4”. */
export function position(seconds: number): string {
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  const hours = Math.floor(tenths / 36_000);
  const minutes = Math.floor(tenths / 600) % 60;
  const rest = ((tenths % 600) / 10).toFixed(1).padStart(4, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

function two(whole: number, big: number, bigName: string, small: number, smallName: string): string {
  const first = Math.floor(whole / big);
  const second = Math.floor((whole % big) / small);
  return second === 0 ? `${first} ${bigName}` : `${first} ${bigName} ${second} ${smallName}`;
}
