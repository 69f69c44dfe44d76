/** Numbers as people read them. */

const plain = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** With separators, at most two decimals. */
export function number(value: number): string {
  return plain.format(value);
}

/** “950”, “12.3K”, “1.2M”. */
export function shortNumber(value: number): string {
  return value < 1000 ? plain.format(value) : compact.format(value);
}

/** A size in binary units: “512 B”, “3.4 MiB”. */
export function bytes(size: number): string {
  let value = size;
  let unit = 0;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit] ?? "B"}`;
}

/** 0.123 → “12 %”. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** “1 job”, “2 jobs”, “1,000 jobs”. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${plain.format(count)} ${count === 1 ? one : many}`;
}
