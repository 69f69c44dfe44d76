/** Labels as they are written on a form: `project:demo, owner:me`. A string is what is wrong with them. */
export function parseLabels(text: string): Record<string, string> | string {
  const labels: Record<string, string> = {};
  for (const part of text.split(",").map((each) => each.trim())) {
    if (part === "") continue;
    const colon = part.indexOf(":");
    const name = part.slice(0, Math.max(colon, 0)).trim();
    const value = part.slice(colon + 1).trim();
    if (colon < 1 || value === "") return `“${part}” is not of the form name:value.`;
    if (!/^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$/.test(name))
      return `“${name}” cannot be a label’s name: letters, digits and . _ / -, 64 at most.`;
    labels[name] = value;
  }
  return labels;
}

/** The reverse. */
export function writeLabels(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}:${value}`)
    .join(", ");
}
