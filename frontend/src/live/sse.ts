/** One message of an event stream. */
export interface Message {
  id: string | undefined;
  data: string;
}

/**
 * Reads server-sent events (WHATWG HTML, section 9.2.6) from text that arrives in pieces. EventSource would do the
 * same but hides the server's heartbeats, which are what tells a quiet stream from a dead one.
 */
export class EventReader {
  private rest = "";
  private id: string | undefined;
  private data: string[] = [];

  /** The messages that this piece completes. */
  push(piece: string): Message[] {
    const lines = (this.rest + piece).split(/\r\n|\n|\r/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line));
  }

  private line(line: string): Message[] {
    if (line === "") return this.complete();
    const colon = line.indexOf(":");
    if (colon === 0) return [];
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "id" && !value.includes("\0")) this.id = value;
    if (name === "data") this.data.push(value);
    return [];
  }

  private complete(): Message[] {
    if (this.data.length === 0) return [];
    const message = { id: this.id, data: this.data.join("\n") };
    this.data = [];
    return [message];
  }
}
